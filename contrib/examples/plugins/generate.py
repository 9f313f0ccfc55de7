"""Generate random rows, for demonstrations and load tests: any of them without the rest."""

import zlib
from itertools import pairwise
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from attrs import validators

from flightstream import Flight, Source, adapter, hookimpl, option


@adapter
class GenerateAdapter:
    """Serves one flight, ``rows``, whatever is at the source: the options decide its rows."""

    pushdown: ClassVar = frozenset({"columns", "limit", "offset", "partitions"})
    source: Source
    rows: int = option(1_000_000, help="how many rows there are", minimum=0)
    columns: dict[str, Literal["int64", "float64", "string"]] = option(
        factory=lambda: {"id": "int64", "value": "float64"},
        help="the type of each column",
        validator=validators.min_len(1),
    )
    seed: int = option(1, help="another number makes other rows")
    batch_rows: int = option(16_384, help="rows in a batch", minimum=1)

    @hookimpl
    def list_flights(self):
        yield Flight("rows", version="1", total_records=self.rows)

    @hookimpl
    def get_schema(self):
        return pa.schema(self.columns)

    @hookimpl
    def plan_partitions(self, target):
        return list(pairwise(self.rows * part // target for part in range(target + 1)))

    @hookimpl
    def stream_batches(self, request):
        start, stop = request.partition or (0, self.rows)
        start += request.offset
        if request.limit is not None:
            stop = min(stop, start + request.limit)
        while start < stop:
            number, skipped = divmod(start, self.batch_rows)
            batch = {name: self._values(name, number) for name in request.columns or self.columns}
            yield pa.record_batch(batch).slice(skipped, stop - start)
            start += self.batch_rows - skipped

    def _values(self, name, number):
        seed = zlib.crc32(f"{self.seed} {name} {number}".encode())
        values = pc.random(self.batch_rows, initializer=seed)
        return pc.multiply(values, 1e6).cast(self.columns[name], safe=False)
