"""Threads for plugins: for what takes a processor, and for what waits."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import ContextVar
from functools import partial
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from flightstream.background import errands
from flightstream.cores import Cores
from flightstream.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")

_cores = Cores()
_stream: ContextVar[object | None] = ContextVar("stream", default=None)


def begin_stream() -> None:
    """Let the work of this context take turns with that of all other streams."""
    _stream.set(object())


class Workers:
    """The threads of the process that do the work of a plugin.

    There is one for each core, whatever the number of plugins and sources, and
    streams take turns on them: one that has much to do delays another by one
    piece of work. Work never waits for other work, so any number of streams can
    share them. What waits for something else, such as a store, is not for
    these: :meth:`fetch` has threads of its own. Safe to use from several threads.
    ``open`` belongs into ``on_startup``, ``close`` into ``on_shutdown``.

    .. versionadded:: 0.1
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: set[Future[Any]] = set()
        self._closed = False

    def open(self) -> None:
        """Allow work again after :meth:`close`."""
        with self._lock:
            self._closed = False

    def submit(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Parse, decode or decompress, when it is this stream's turn and a core is free.

        Raises:
            Unavailable: The server is going down.
        """
        whose = _stream.get() or self
        return self._started(lambda: _cores.start(whose, partial(work, *args, **kwargs)))

    def fetch(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Begin at once with what may wait for long, on a thread that computes for nobody.

        Raises:
            Unavailable: The server is going down.
        """
        return self._started(lambda: errands.start(partial(work, *args, **kwargs)))

    def close(self) -> None:
        """Wait for what was begun, and let nothing more begin."""
        with self._lock:
            self._closed = True
        wait(set(self._pending))

    def _started(self, start: Callable[[], Future[R]]) -> Future[R]:
        with self._lock:
            if self._closed:
                raise Unavailable("the server is shutting down")
            future = start()
            self._pending.add(future)
        future.add_done_callback(self._pending.discard)
        return future
