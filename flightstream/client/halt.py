"""What ends whatever waits: a stream that is closed, a task that is cancelled."""

from threading import Event, Lock
from typing import Any, TypeVar
from weakref import WeakSet

from attrs import define, field

from flightstream.errors import Cancelled

T = TypeVar("T")


@define(eq=False, slots=False)
class Halt:
    """Set once, by any thread, for itself and all that was added to it."""

    _event: Event = field(factory=Event, init=False)
    _within: "WeakSet[Any]" = field(factory=WeakSet, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    @property
    def is_set(self) -> bool:
        """Whether it is over."""
        return self._event.is_set()

    def add(self, one: T) -> T:
        """Return something with a method ``set``, which is called when this is set."""
        with self._lock:
            self._within.add(one)
        if self.is_set:
            one.set()  # type: ignore[attr-defined]
        return one

    def set(self) -> None:
        """End it."""
        self._event.set()
        with self._lock:
            within = list(self._within)
        for one in within:
            one.set()

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            Cancelled: It is over before.
        """
        if self._event.wait(seconds):
            raise closed()


def closed() -> Cancelled:
    """Return what a reader is told whose stream has been ended."""
    return Cancelled("the stream, or its client, was closed")
