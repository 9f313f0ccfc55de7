"""Many threads that do one thing at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from flightstream.errors import FlightStreamError
from flightstream.testing.told import told

T = TypeVar("T")
THREADS = 16


def at_once(call: Callable[[], T]) -> list[T]:
    """Return what a call returns to each of sixteen threads that begin together.

    Raises:
        AssertionError: A thread got an error.
    """
    barrier = Barrier(THREADS)

    def run() -> T:
        barrier.wait()
        try:
            return call()
        except FlightStreamError as exc:
            raise AssertionError(f"one of {THREADS} threads at once got {told(exc)}") from exc

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(THREADS)]]
