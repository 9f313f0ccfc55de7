"""Reading ahead on a thread, by so many items and bytes."""

from collections import deque
from collections.abc import Callable, Generator
from contextvars import copy_context
from threading import Condition, Thread
from typing import Generic, TypeVar

from attrs import define, field

T = TypeVar("T")

ITEMS = 4


def read_ahead(
    items: Generator[T], size: Callable[[T], int], most_bytes: int, most: int = ITEMS
) -> Generator[T]:
    """Yield items that a thread of its own has read, a few of them ahead.

    The thread begins with the first item. It has ended, and ``items`` is closed,
    when this generator is.

    Args:
        items: Iterated and closed on the thread.
        size: Tells how many bytes an item takes.
        most_bytes: How many bytes may wait, though always one item.
        most: How many items may wait.
    """
    shelf = _Shelf[T](most, most_bytes)
    thread = Thread(
        target=copy_context().run,
        args=(shelf.fill, items, size),
        name="flightstream-parquet",
        daemon=True,
    )
    thread.start()
    try:
        while (taken := shelf.take()) is not None:
            yield taken[0]
            del taken  # or it would be kept while the next one is waited for
    finally:
        shelf.close()
        thread.join()


@define(eq=False)
class _Shelf(Generic[T]):
    """What one thread has put down and another has not yet taken."""

    _most: int
    _most_bytes: int
    _waiting: deque[tuple[T, int]] = field(factory=deque, init=False)
    _bytes: int = field(default=0, init=False)
    _full: bool = field(default=False, init=False)
    _closed: bool = field(default=False, init=False)
    _failure: BaseException | None = field(default=None, init=False)
    _changed: Condition = field(factory=Condition, init=False)

    def fill(self, items: Generator[T], size: Callable[[T], int]) -> None:
        """Put down items until there are no more, or nobody wants them."""
        try:
            for item in items:
                if not self._put(item, size(item)):
                    break
                del item
        except BaseException as exc:  # it is for the thread that takes
            self._failure = exc
        finally:
            try:
                items.close()
            finally:
                with self._changed:
                    self._full = True
                    self._changed.notify_all()

    def take(self) -> tuple[T] | None:
        """Return the next item, or ``None`` after the last; raise what ended them."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._full)
            if self._waiting:
                item, size = self._waiting.popleft()
                self._bytes -= size
                self._changed.notify_all()
                return (item,)
        if self._failure is not None:
            raise self._failure
        return None

    def close(self) -> None:
        """Take no more."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _put(self, item: T, size: int) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room(size))
            if self._closed:
                return False
            self._waiting.append((item, size))
            self._bytes += size
            self._changed.notify_all()
            return True

    def _has_room(self, size: int) -> bool:
        return not self._waiting or (
            len(self._waiting) < self._most and self._bytes + size <= self._most_bytes
        )
