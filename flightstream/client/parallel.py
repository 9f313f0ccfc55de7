"""Parts that are read at the same time, within a bound of memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from threading import Condition, Thread
from typing import TypeAlias

import pyarrow as pa
from attrs import define, field

from flightstream.client.halt import Halt, closed, wait_hearing

AT_ONCE = 8
BUFFER_BYTES = 64 * 2**20

Read: TypeAlias = Callable[[Halt], Generator[pa.RecordBatch]]


def read_together(
    parts: Sequence[Read], halt: Halt, *, ordered: bool, buffer_bytes: float = BUFFER_BYTES
) -> Generator[pa.RecordBatch]:
    """Yield the batches of parts, eight of which are read at a time.

    Args:
        parts: Each reads one.
        halt: Ends it; so does closing the generator, and so does the first part that fails.
        ordered: One part after the other; else whatever has come.
        buffer_bytes: About how much may wait, besides a batch of each part.
    """
    table = halt.add(_Table(parts, ordered=ordered, buffer_bytes=buffer_bytes))
    for _ in range(min(AT_ONCE, len(parts))):
        Thread(target=table.fill, daemon=True, name="flightstream-part").start()
    try:
        yield from table.batches()
    finally:
        table.set()


@define(eq=False, slots=False)
class _Table:
    """Where readers of parts lay down their batches, and one takes them."""

    parts: Sequence[Read]
    ordered: bool = field(kw_only=True)
    buffer_bytes: float = field(kw_only=True)
    _halt: Halt = field(factory=Halt, init=False)
    _changed: Condition = field(factory=Condition, init=False)
    _laid: "list[deque[pa.RecordBatch]]" = field(init=False)
    _begun: int = field(default=0, init=False)
    _done: set[int] = field(factory=set, init=False)
    _turn: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    _error: BaseException | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._laid = [deque() for _ in self.parts]

    def fill(self) -> None:
        """Read one part after the other, until all have been begun."""
        while (number := self._begin()) is not None:
            try:
                with closing(self.parts[number](self._halt)) as batches:
                    for batch in batches:
                        self._lay(number, batch)
            except BaseException as exc:
                self._fail(exc)
            with self._changed:
                self._done.add(number)
                self._changed.notify_all()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield what is laid down, to the end of the last part."""
        while (batch := self._take()) is not None:
            yield batch

    def set(self) -> None:
        """End it."""
        self._halt.set()
        with self._changed:
            self._changed.notify_all()

    def _begin(self) -> int | None:
        with self._changed:
            number, self._begun = self._begun, self._begun + 1
            return None if self._halt.is_set or number >= len(self.parts) else number

    def _lay(self, number: int, batch: pa.RecordBatch) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(number) or self._halt.is_set)
            self._laid[number].append(batch)
            self._bytes += batch.nbytes
            self._changed.notify_all()

    def _has_room(self, number: int) -> bool:
        # The part whose turn it is has to go on, whatever those ahead of it have laid down.
        is_next = number == self._turn if self.ordered else not any(self._laid)
        return self._bytes < self.buffer_bytes or (is_next and not self._laid[number])

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
        self.set()

    def _take(self) -> pa.RecordBatch | None:
        with self._changed:
            wait_hearing(self._changed, self._has_news)
            if self._error is not None:
                raise self._error
            if self._halt.is_set:
                raise closed()
            if (number := self._ready()) is None:
                return None
            batch = self._laid[number].popleft()
            self._bytes -= batch.nbytes
            self._changed.notify_all()
            return batch

    def _has_news(self) -> bool:
        is_over = self._halt.is_set or len(self._done) == len(self.parts)
        return is_over or self._ready() is not None

    def _ready(self) -> int | None:
        """Return the part of which a batch is to be taken now."""
        if not self.ordered:
            return next((number for number, laid in enumerate(self._laid) if laid), None)
        while self._turn < len(self.parts) and not self._laid[self._turn]:
            if self._turn not in self._done:
                return None
            self._turn += 1
            self._changed.notify_all()
        return self._turn if self._turn < len(self.parts) else None
