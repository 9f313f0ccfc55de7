"""What was found out, kept for the next who asks."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """The values that were asked for last. Safe for any number of threads.

    Threads that ask for the same at once may each find it out.
    """

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._lock = Lock()
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    def known(self, key: Hashable) -> V | None:
        """Return a value if it is there already."""
        with self._lock:
            return self._values.get(key)

    def get(self, key: Hashable, find_out: Callable[[], V]) -> V:
        """Return a value, found out now if need be."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = find_out()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value
