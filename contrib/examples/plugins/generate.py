"""Generate rows, for demonstrations and load tests: any of them without the rest."""

from itertools import pairwise
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from flightstream import Flight, Source, adapter, hookimpl, option

BATCH_ROWS = 16_384


@adapter
class GenerateAdapter:
    """Serves one flight, ``rows``, of any size: an id that counts, and a random value."""

    pushdown: ClassVar = frozenset({"limit", "offset", "partitions"})
    source: Source
    rows: int = option(1_000_000, help="how many rows there are", minimum=0)
    seed: int = option(1, help="another number makes other values")

    @hookimpl
    def list_flights(self):
        yield Flight("rows", version="1", total_records=self.rows)

    @hookimpl
    def get_schema(self):
        return pa.schema({"id": pa.int64(), "value": pa.float64()})

    @hookimpl
    def plan_partitions(self, target):
        return list(pairwise(self.rows * part // target for part in range(target + 1)))

    @hookimpl
    def stream_batches(self, request):
        start, stop = request.partition or (0, self.rows)
        start = min(start + request.offset, stop)
        stop = stop if request.limit is None else min(stop, start + request.limit)
        for first in range(start - start % BATCH_ROWS, stop, BATCH_ROWS):
            ids = pa.array(range(first, first + BATCH_ROWS))
            values = pc.random(BATCH_ROWS, initializer=self.seed + first)
            batch = pa.record_batch({"id": ids, "value": values})
            yield batch.slice(max(0, start - first), stop - max(start, first))
