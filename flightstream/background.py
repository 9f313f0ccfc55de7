"""Work that may hang is done on other threads: who waits for it can give up."""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, ClassVar, TypeAlias, TypeVar

from attrs import define, field

T = TypeVar("T")

_Work: TypeAlias = "tuple[Future[Any], Callable[[], Any]]"

_IDLE_SECONDS = 10.0


class Overdue(Exception):
    """Work has not ended in time. It goes on, and nobody waits for it."""

    def __init__(self, future: "Future[Any]") -> None:
        super().__init__("work has not ended in time")
        self._future = future

    def then(self, ended: Callable[[], object]) -> None:
        """Call something once the work has ended after all, on whatever thread."""
        self._future.add_done_callback(lambda _future: ended())


def result_within(future: "Future[T]", timeout_seconds: float) -> T:
    """Wait for work; return or raise what it does.

    Raises:
        Overdue: It has not ended in time.
    """
    try:
        return future.result(timeout_seconds)
    except TimeoutError:
        if future.done():  # it is the work's own, or has ended just now
            return future.result()
        raise Overdue(future) from None
    finally:
        # An error of the work has this frame, and the future has the error: they would
        # keep each other, and what the work had at hand.
        del future


@define(eq=False)
class Errands:
    """Threads, as many as there is work at a time; each waits a while for more.

    They are daemons: none that hangs keeps the process from ending.
    """

    NAME: ClassVar = "flightstream-errand"

    _idle: list["SimpleQueue[_Work]"] = field(factory=list, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def run(self, work: Callable[[], T], timeout_seconds: float) -> T:
        """Do work on another thread, and wait for it; return or raise what it does.

        Raises:
            Overdue: It has not ended in time.
        """
        return result_within(self.start(work), timeout_seconds)

    def start(self, work: Callable[[], T]) -> "Future[T]":
        """Begin work on another thread, within the context of this one."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is None:
            inbox = SimpleQueue()
            Thread(target=self._serve, args=(inbox,), daemon=True, name=self.NAME).start()
        context = copy_context()
        inbox.put((future, lambda: context.run(work)))
        return future

    def _serve(self, inbox: "SimpleQueue[_Work]") -> None:
        while True:
            try:
                future, work = inbox.get(timeout=_IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if inbox in self._idle:
                        self._idle.remove(inbox)
                        return
                continue  # it has just been given something
            self._do(inbox, future, work)
            del future, work  # or what they hold would live until there is more

    def _do(
        self, inbox: "SimpleQueue[_Work]", future: "Future[Any]", work: Callable[[], Any]
    ) -> None:
        try:
            result = work()
        except BaseException as exc:
            self._rest(inbox)
            future.set_exception(exc)
            del future  # as above
        else:
            self._rest(inbox)
            future.set_result(result)

    def _rest(self, inbox: "SimpleQueue[_Work]") -> None:
        # Before the result is seen: who waits for it may have more to do.
        with self._lock:
            self._idle.append(inbox)


errands = Errands()
