"""What was read last, kept within bounds."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The values asked for last, up to a weight of all together. Safe for any number of threads.

    Threads that ask for the same at once may each make it.
    """

    def __init__(self, most: int, weight: Callable[[T], int] = lambda _: 1) -> None:
        self._most = most
        self._weight = weight
        self._weighs = 0
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def known(self, key: Hashable) -> T | None:
        """Return a value if it is there already."""
        kept = self._kept.get(key)
        return None if kept is None else kept[0]

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return a value, made now if need be."""
        with self._lock:
            if kept := self._kept.get(key):
                self._kept.move_to_end(key)
                return kept[0]
        value = make()
        weight = self._weight(value)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = value, weight
                self._weighs += weight
            while self._weighs > self._most and len(self._kept) > 1:
                self._weighs -= self._kept.popitem(last=False)[1][1]
        return value
