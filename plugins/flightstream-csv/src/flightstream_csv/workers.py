"""The threads that parse, shared by all scans of one adapter."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Barrier, Lock
from typing import ParamSpec, TypeVar

import pyarrow as pa

from flightstream import Unavailable

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """One thread for each core, all started when the first is needed.

    Work never waits for other work, so any number of scans can share them.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False

    def open(self) -> None:
        """Allow work again after :meth:`close`."""
        with self._lock:
            self._closed = False

    def submit(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Start work on the next free thread.

        Raises:
            Unavailable: The server is going down.
        """
        with self._lock:
            if self._closed:
                raise Unavailable("the server is shutting down")
            if self._pool is None:
                self._pool = _started(pa.cpu_count())
            return self._pool.submit(work, *args, **kwargs)

    def close(self) -> None:
        """Stop the threads once they have done what they are at."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)


def _started(threads: int) -> ThreadPoolExecutor:
    """Return a pool whose threads all run; by itself it starts each with the work that needs it."""
    pool, together = ThreadPoolExecutor(threads, "flightstream-csv"), Barrier(threads)
    wait([pool.submit(together.wait) for _ in range(threads)])
    return pool
