"""A right adapter, of Arrow files, to be broken in one place at a time."""

from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from flightstream import Flight, InvalidData, Source, adapter, hookimpl, option

IDS = pa.schema([pa.field("id", pa.int64(), nullable=False), ("name", pa.string())])
TABLES = {
    "orders": pa.table({"id": range(6), "name": ["a", None, "b", "a", "", "c"]}, schema=IDS),
    "deep/empty": IDS.empty_table(),
}


def write(folder: Path, name: str, table: pa.Table, batch_rows: int = 2) -> None:
    path = folder / f"{name}.arrow"
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table, max_chunksize=batch_rows)


@adapter
class ArrowAdapter:
    """Serves Arrow files, and leaves everything to the core."""

    source: Source
    suffix: str = option("arrow", help="of the files")

    @hookimpl
    def list_flights(self):
        for file in self.source.files(f"**/*.{self.suffix}"):
            yield Flight(file.stem, origin=file, version=file.version, total_bytes=file.size)

    @hookimpl
    def get_schema(self, flight):
        with flight.origin.open() as file:
            return self.opened(file).schema

    @hookimpl
    def stream_batches(self, flight, request):
        with flight.origin.open() as file:
            yield from self.batches(flight, file)

    def batches(self, flight, file):
        reader = self.opened(file)
        for number in range(reader.num_record_batches):
            flight.origin.check_unchanged()
            yield reader.get_batch(number)

    def opened(self, file):
        try:
            return pa.ipc.open_file(file)
        except pa.ArrowInvalid as exc:
            raise InvalidData("this is no Arrow file") from exc


@adapter
class PushingAdapter(ArrowAdapter):
    """Does everything itself."""

    pushdown: ClassVar = frozenset({"columns", "filter", "limit", "offset", "partitions"})

    @hookimpl
    def plan_partitions(self, flight, target):
        with flight.origin.open() as file:
            number = self.opened(file).num_record_batches
        each = -(-number // target) or 1
        return [(start, start + each) for start in range(0, number, each)]

    @hookimpl
    def stream_batches(self, flight, request):
        with flight.origin.open() as file:
            batches = list(self.batches(flight, file))
            first, last = request.partition or (0, None)
            table = pa.Table.from_batches(batches[first:last], self.opened(file).schema)
            table = self.asked(table, request)
        yield from table.to_batches(max_chunksize=2)

    def asked(self, table, request):
        table = self.filtered(table, request)
        table = self.offset(table, request)
        table = self.limited(table, request)
        return self.projected(table, request)

    def filtered(self, table, request):
        if request.filter is None:
            return table
        kept = [request.filter.apply(batch) for batch in table.to_batches()]
        return pa.Table.from_batches(kept, table.schema)

    def offset(self, table, request):
        return table.slice(request.offset)

    def limited(self, table, request):
        return table if request.limit is None else table.slice(0, request.limit)

    def projected(self, table, request):
        return table if request.columns is None else table.select(request.columns)
