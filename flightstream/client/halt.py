"""What ends whatever waits: a stream that is closed, a task that is cancelled."""

import time
from collections.abc import Callable
from threading import Condition, Event, Lock
from typing import Any, TypeVar
from weakref import WeakSet

from attrs import define, field

from flightstream.errors import Cancelled

T = TypeVar("T")
_HEARING_SECONDS = 0.5


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


def wait_hearing(
    changed: Condition, is_so: Callable[[], Any], timeout_seconds: float = float("inf")
) -> bool:
    """Wait until something is so, with the condition held, and tell whether it is in time.

    A signal that the system gives to another thread does not end a wait in Python;
    so that Ctrl-C is heard, no wait is long.
    """
    deadline = time.monotonic() + timeout_seconds
    while not (so := bool(is_so())) and (left := deadline - time.monotonic()) > 0:
        changed.wait(min(left, _HEARING_SECONDS))
    return so
