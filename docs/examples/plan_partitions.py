"""An Arrow file in parts: several clients read it at once, some batches each."""

from typing import ClassVar

import pyarrow as pa

from flightstream import Flight, Source, adapter, hookimpl


@adapter
class ArrowPartsAdapter:
    """Serves Arrow IPC files, in parts too."""

    pushdown: ClassVar = frozenset({"partitions"})
    source: Source

    @hookimpl
    def list_flights(self):
        for file in self.source.files("**/*.arrow"):
            yield Flight(file.stem, origin=file, version=file.version)

    @hookimpl
    def get_schema(self, flight):
        with flight.origin.open() as file:
            return pa.ipc.open_file(file).schema

    @hookimpl
    def plan_partitions(self, flight, target):
        with flight.origin.open() as file:
            batches = pa.ipc.open_file(file).num_record_batches
        ends = [batches * part // target for part in range(target + 1)]
        return [range(*ends[part : part + 2]) for part in range(target)]

    @hookimpl
    def stream_batches(self, flight, request):
        with flight.origin.open() as file:
            reader = pa.ipc.open_file(file)
            numbers = request.partition
            if numbers is None:
                numbers = range(reader.num_record_batches)
            for number in numbers:
                try:
                    batch = reader.get_batch(number)
                finally:  # whatever Arrow says of a file that changed, it is Stale
                    flight.origin.check_unchanged()
                yield batch
