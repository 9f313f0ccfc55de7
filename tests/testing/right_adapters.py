"""Adapters that keep every law, to be broken in one place at a time."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pyarrow as pa

from flightstream import Flight, InvalidData, Secret, Source, adapter, hookimpl, option


@adapter
class ArrowAdapter:
    """Serves Arrow files, and leaves everything to the core."""

    source: Source
    suffix: str = option("arrow", help="That of the files.", choices=("arrow", "feather"))
    token: Secret | None = option(None, help="Not needed, and secret.")

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        for file in self.source.files(f"**/*.{self.suffix}"):
            yield Flight(file.stem, origin=file, version=file.version, total_bytes=file.size)

    @hookimpl
    def get_schema(self, flight: Flight) -> pa.Schema:
        with flight.origin.open() as file:
            return self.opened(file).schema

    @hookimpl
    def stream_batches(self, flight: Flight) -> Iterator[pa.RecordBatch]:
        with flight.origin.open() as file:
            yield from self.batches(flight, file)

    def batches(
        self, flight: Flight, file: Any, start: int = 0, stop: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        reader = self.opened(file)
        for number in range(reader.num_record_batches)[start:stop]:
            batch = reader.get_batch(number)
            flight.origin.check_unchanged()
            yield batch

    def opened(self, file: Any) -> Any:
        try:
            return pa.ipc.open_file(file)
        except pa.ArrowInvalid as exc:
            raise InvalidData("this is no Arrow file") from exc


@adapter
class PushingAdapter(ArrowAdapter):
    """Does everything itself."""

    pushdown: ClassVar = frozenset({"columns", "filter", "limit", "offset", "partitions"})

    @hookimpl
    def plan_partitions(self, flight: Flight, target: int) -> list[tuple[int, int]]:
        with flight.origin.open() as file:
            number = self.opened(file).num_record_batches
        each = -(-number // target) or 1
        return [(start, start + each) for start in range(0, number, each)]

    @hookimpl
    def stream_batches(self, flight: Flight, request: Any) -> Iterator[pa.RecordBatch]:
        with flight.origin.open() as file:
            batches = self.batches(flight, file, *(request.partition or ()))
            for do in (self.filtered, self.skipped, self.limited, self.projected):
                batches = do(batches, request)
            yield from batches

    def filtered(self, batches, request):
        keep = request.filter
        return batches if keep is None else (keep.apply(batch) for batch in batches)

    def skipped(self, batches, request):
        left = request.offset
        for batch in batches:
            yield batch.slice(min(left, len(batch)))
            left -= min(left, len(batch))

    def limited(self, batches, request):
        left = request.limit
        for batch in batches:
            if left == 0:
                return
            yield batch.slice(0, left)
            left = None if left is None else left - min(left, len(batch))

    def projected(self, batches, request):
        names = request.columns
        return batches if names is None else (batch.select(names) for batch in batches)
