"""A flight of 0.9 GB in memory: the same batch again and again."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from flightstream import Flight, Source, adapter, hookimpl

BATCHES = 320


def batch() -> pa.RecordBatch:
    """Return 32,768 rows of 11 numbers."""
    rng = np.random.default_rng(0)
    return pa.record_batch({f"c{n}": rng.random(32_768) for n in range(11)})


_BATCH = batch()
_ROW = pa.record_batch({"number": [1], "text": ["one"]})


@adapter
class MemoryAdapter:
    """Serves it as ``large``, and one row as ``row``."""

    source: Source

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        """Yield both."""
        yield Flight("large", version="1")
        yield Flight("row", version="1")

    @hookimpl
    def get_schema(self, flight: Flight) -> pa.Schema:
        """Return what is known."""
        return _ROW.schema if flight.name == ("row",) else _BATCH.schema

    @hookimpl
    def stream_batches(self, flight: Flight) -> Iterator[pa.RecordBatch]:
        """Yield the batches."""
        if flight.name == ("row",):
            yield _ROW
        else:
            for _ in range(BATCHES):
                yield _BATCH
