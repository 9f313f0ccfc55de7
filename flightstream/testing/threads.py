"""Many threads that do one thing at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")
THREADS = 16


def at_once(call: Callable[[], T]) -> list[T]:
    """Return what a call returns to each of sixteen threads that begin together."""
    barrier = Barrier(THREADS)

    def run() -> T:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(THREADS)]]
