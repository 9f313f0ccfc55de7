"""Files that know their own schema: Arrow IPC files."""

import pyarrow as pa

from flightstream import Flight, InvalidData, Source, adapter, hookimpl


@adapter
class ArrowAdapter:
    """Serves Arrow IPC files."""

    source: Source

    @hookimpl
    def list_flights(self):
        for file in self.source.files("**/*.arrow"):
            yield Flight(file.stem, origin=file, version=file.version, total_bytes=file.size)

    @hookimpl
    def get_schema(self, flight):
        with flight.origin.open() as file:
            return _reader(file).schema

    @hookimpl
    def stream_batches(self, flight):
        with flight.origin.open() as file:
            reader = _reader(file)
            for number in range(reader.num_record_batches):
                try:
                    batch = reader.get_batch(number)
                finally:  # whatever Arrow says of a file that changed, it is Stale
                    flight.origin.check_unchanged()
                yield batch


def _reader(file):
    try:
        return pa.ipc.open_file(file)
    except pa.ArrowInvalid:
        raise InvalidData("this is no Arrow file") from None
