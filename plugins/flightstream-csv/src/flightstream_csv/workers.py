"""The threads that parse, shared by all scans of one adapter."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import ParamSpec, TypeVar

import pyarrow as pa

from flightstream import Unavailable

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """One thread for each core, started when first needed.

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
                self._pool = ThreadPoolExecutor(pa.cpu_count(), "flightstream-csv")
            return self._pool.submit(work, *args, **kwargs)

    def close(self) -> None:
        """Stop the threads once they have done what they are at."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)
