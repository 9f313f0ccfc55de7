"""Reading on while what was read is given out."""

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Barrier, Lock
from typing import TypeVar

import pyarrow as pa

from flightstream import Unavailable

V = TypeVar("V")

# The allocator of Arrow 21 does not use again what another thread gives back: a
# server grew by 350 MB for 400 MB that it read so. That of 22 does.
_ON_OTHER_THREADS = int(pa.__version__.partition(".")[0]) >= 22


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

    def submit(self, work: Callable[[], V]) -> Future[V]:
        """Start work on the next free thread.

        Raises:
            Unavailable: The server is going down.
        """
        with self._lock:
            if self._closed:
                raise Unavailable("the server is shutting down")
            if _ON_OTHER_THREADS:
                if self._pool is None:
                    self._pool = _started(pa.cpu_count())
                return self._pool.submit(work)
        return _done(work)

    def close(self) -> None:
        """Stop the threads once they have done what they are at."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)


def _started(threads: int) -> ThreadPoolExecutor:
    pool = ThreadPoolExecutor(threads, "flightstream-arrow")
    # A pool begins a thread whenever none is idle just then, long after it was made.
    together = Barrier(threads)
    for _ in range(threads):
        pool.submit(together.wait)
    return pool


def _done(work: Callable[[], V]) -> Future[V]:
    future = Future[V]()
    try:
        future.set_result(work())
    except BaseException as exc:
        future.set_exception(exc)
    return future


def read_ahead(batches: Generator[V], workers: Workers) -> Generator[V]:
    """Yield what comes, while the next one is made on another thread.

    Only from the second on: who wants a few rows alone causes no more reading.
    """
    coming: Future[V | None] | None = None
    try:
        batch = next(batches, None)
        while batch is not None:
            yield batch
            coming = coming or workers.submit(lambda: next(batches, None))
            batch = coming.result()
            coming = workers.submit(lambda: next(batches, None))
    finally:
        if coming is not None and not coming.cancel():
            wait([coming])
        batches.close()
