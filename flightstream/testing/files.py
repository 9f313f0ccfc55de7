"""An adapter that serves files as they are."""

from collections.abc import Iterator

import pyarrow as pa

from flightstream.hookspecs import hookimpl
from flightstream.models import Flight
from flightstream.plugin import adapter
from flightstream.storage import Source

SCHEMA = pa.schema([("content", pa.binary())])
_BLOCK_BYTES = 2**20


@adapter
class FilesAdapter:
    """Serves each file of a source under its own name, as rows of up to 1 MiB of its bytes."""

    source: Source

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        """Yield every file."""
        for file in self.source.files("**/*"):
            yield Flight(file.name, origin=file, version=file.version, total_bytes=file.size)

    @hookimpl
    def get_schema(self) -> pa.Schema:
        """Return the one column."""
        return SCHEMA

    @hookimpl
    def stream_batches(self, flight: Flight) -> Iterator[pa.RecordBatch]:
        """Yield a row for each block of the file."""
        with flight.origin.open() as file:
            while block := file.read(_BLOCK_BYTES):
                flight.origin.check_unchanged()
                yield pa.record_batch([[block]], schema=SCHEMA)
