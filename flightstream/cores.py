"""One thread for each core, for all that a process computes."""

from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Condition, Thread
from typing import Any, ClassVar, TypeAlias, TypeVar

import pyarrow as pa
from attrs import define, field

T = TypeVar("T")

_Work: TypeAlias = tuple[Future[Any], Callable[[], Any]]

_IDLE_SECONDS = 10.0


@define(eq=False)
class Cores:
    """Threads for which whoever has work lines up: one piece each, in turn.

    However much one has brought, another waits for a piece of each at the most.
    The threads are daemons that end once there was nothing for a while. Guarded
    by a condition, which is not held while work is done.
    """

    NAME: ClassVar = "flightstream-worker"

    _waiting: dict[Hashable, deque[_Work]] = field(factory=dict, init=False)  # in turn
    _pieces: int = field(default=0, init=False)
    _threads: int = field(default=0, init=False)
    _idle: int = field(default=0, init=False)
    _changed: Condition = field(factory=Condition, init=False)

    def start(self, whose: Hashable, work: Callable[[], T]) -> "Future[T]":
        """Do work on one of the threads, when it is the turn of whose it is."""
        future: Future[T] = Future()
        with self._changed:
            self._waiting.setdefault(whose, deque()).append((future, work))
            self._pieces += 1
            if self._pieces > self._idle and self._threads < pa.cpu_count():
                Thread(target=self._serve, daemon=True, name=self.NAME).start()
                self._threads += 1
            else:
                self._changed.notify()
        return future

    def _serve(self) -> None:
        while (piece := self._next()) is not None:
            _do(*piece)
            del piece  # or what it holds would live until there is more

    def _next(self) -> _Work | None:
        """Return a piece of whose turn it is, or ``None`` when the thread is to end."""
        with self._changed:
            self._idle += 1
            is_needed = self._changed.wait_for(lambda: self._pieces, _IDLE_SECONDS)
            self._idle -= 1
            if not is_needed:
                self._threads -= 1
                return None
            whose, pieces = next(iter(self._waiting.items()))
            del self._waiting[whose]
            self._pieces -= 1
            piece = pieces.popleft()
            if pieces:
                self._waiting[whose] = pieces
            return piece


def _do(future: "Future[Any]", work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as exc:
        future.set_exception(exc)
    else:
        future.set_result(result)
    finally:
        del future, work  # the traceback of what was raised holds this frame
