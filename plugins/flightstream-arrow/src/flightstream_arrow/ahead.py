"""Reading on while what was read is given out."""

from collections.abc import Generator
from concurrent.futures import Future, wait
from typing import TypeVar

from flightstream import Workers

V = TypeVar("V")


def read_ahead(batches: Generator[V], workers: Workers) -> Generator[V]:
    """Yield what comes, while the next one is made on another thread.

    Only from the second on: who wants a few rows alone causes no more reading.
    """
    coming: Future[V | None] | None = None
    try:
        batch = next(batches, None)
        while batch is not None:
            yield batch
            coming = coming or workers.submit(next, batches, None)
            batch = coming.result()
            coming = workers.submit(next, batches, None)
    finally:
        if coming is not None and not coming.cancel():
            wait([coming])
        # If it failed, its error has this frame, and would be kept with its batch.
        del coming
        batches.close()
