"""What may hang is waited for no longer than it may take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Thread
from typing import Any, TypeVar

from flightstream.background import Overdue, errands
from flightstream.errors import Unavailable

T = TypeVar("T")

_ends: ContextVar[tuple[float, float] | None] = ContextVar("ends", default=None)


def within(seconds: float, function: Callable[[], Any]) -> bool:
    """Run something that may hang; tell whether it ended in time. If not, it goes on alone."""
    thread = Thread(target=function, daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    return not thread.is_alive()


@contextmanager
def ending_after(seconds: float) -> Iterator[None]:
    """Let all that a ``with`` block does :func:`in_time` take no longer than this together."""
    token = _ends.set((time.monotonic() + seconds, seconds))
    try:
        yield
    finally:
        _ends.reset(token)


def in_time(work: Callable[[], T]) -> T:
    """Do work of a plugin that may hang, and return or raise what it does.

    Raises:
        Unavailable: The time that the call may take is over. The work goes on alone.
    """
    if (ends := _ends.get()) is None:
        return work()
    deadline, seconds = ends
    try:
        return errands.run(work, max(0.0, deadline - time.monotonic()))
    except Overdue:
        raise Unavailable(f"there was no answer within {seconds:g} seconds") from None
