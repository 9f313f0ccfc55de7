"""A flight of 0.9 GB in memory: the same batch again and again."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from flightstream import Flight, Source, adapter, hookimpl

BATCHES = 320
_RNG = np.random.default_rng(0)
BATCH = pa.record_batch({f"c{n}": _RNG.random(32_768) for n in range(11)})
ROW = pa.record_batch({"number": [1], "text": ["one"]})


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
        return ROW.schema if flight.name == ("row",) else BATCH.schema

    @hookimpl
    def stream_batches(self, flight: Flight) -> Iterator[pa.RecordBatch]:
        """Yield the batches."""
        if flight.name == ("row",):
            yield ROW
        else:
            for _ in range(BATCHES):
                yield BATCH
