"""Arrow files that clients may add to."""

import os

import pyarrow as pa

from flightstream import Flight, Source, Unsupported, adapter, hookimpl


@adapter
class WritableAdapter:
    """Serves Arrow IPC files of this machine, and appends to them."""

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
    def stream_batches(self, flight):
        with flight.origin.open() as file:
            reader = pa.ipc.open_file(file)
            for number in range(reader.num_record_batches):
                try:
                    batch = reader.get_batch(number)
                finally:  # whatever Arrow says of a file that changed, it is Stale
                    flight.origin.check_unchanged()
                yield batch

    @hookimpl
    def write_batches(self, flight, reader, mode):
        if mode != "append":
            raise Unsupported("these files can only be added to")
        rows, schema, path = 0, self.get_schema(flight), flight.origin.path
        beside = f"{path}.part"
        with pa.ipc.new_file(beside, schema) as writer:
            for batch in self.stream_batches(flight):
                writer.write_batch(batch)
            for batch in reader:
                if not batch.schema.equals(schema):
                    raise Unsupported("a batch has other columns than the file")
                writer.write_batch(batch)
                rows += batch.num_rows
        os.replace(beside, path)  # all of it at once, or, if something raised, nothing
        return {"rows": rows}
