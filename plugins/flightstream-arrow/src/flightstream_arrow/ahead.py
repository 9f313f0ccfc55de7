"""Reading on while what was read is given out."""

from collections.abc import Generator
from concurrent.futures import Future, wait

import pyarrow as pa

from flightstream import Workers


def read_ahead(
    batches: Generator[pa.RecordBatch], workers: Workers, buffer_bytes: int
) -> Generator[pa.RecordBatch]:
    """Yield what comes, while the next one is made on another thread.

    Only from the second on: who wants a few rows alone causes no more reading. And only
    while there is room for two batches like the last one.
    """
    coming: Future[pa.RecordBatch | None] | None = None
    try:
        batch = next(batches, None)
        while batch is not None:
            yield batch
            coming = coming or workers.fetch(next, batches, None)
            batch, coming = coming.result(), None
            if batch is not None and 2 * batch.get_total_buffer_size() <= buffer_bytes:
                coming = workers.fetch(next, batches, None)
    finally:
        if coming is not None and not coming.cancel():
            wait([coming])
        # If it failed, its error has this frame, and would be kept with its batch.
        del coming
        batches.close()
