"""Threads that do what takes a processor: parsing, decoding, decompressing."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Barrier, Lock
from typing import ParamSpec, TypeVar

import pyarrow as pa

from flightstream.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """One thread for each core, shared by all scans of a plugin.

    All are started when the first is needed. Work never waits for other work,
    so any number of scans can share them. Safe to use from several threads.
    ``open`` belongs into ``on_startup``, ``close`` into ``on_shutdown``.

    Args:
        name: Of the threads; that of the plugin's distribution.

    .. versionadded:: 0.1
    """

    def __init__(self, name: str) -> None:
        self._name = name
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
                self._pool = _started(pa.cpu_count(), self._name)
            return self._pool.submit(work, *args, **kwargs)

    def close(self) -> None:
        """Stop the threads once they have done what they are at."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)


def _started(threads: int, name: str) -> ThreadPoolExecutor:
    """Return a pool whose threads all run; by itself it starts each with the work that needs it."""
    pool, together = ThreadPoolExecutor(threads, name), Barrier(threads)
    wait([pool.submit(together.wait) for _ in range(threads)])
    return pool
