"""Many files that are one flight: each folder of text files is a table of their lines."""

from itertools import groupby

import pyarrow as pa

from flightstream import Flight, Source, adapter, hookimpl

SCHEMA = pa.schema([("file", pa.string()), ("line", pa.string())])


@adapter
class FoldersAdapter:
    """Serves folders of text files."""

    source: Source

    @hookimpl
    def list_flights(self):
        files = (file for file in self.source.files("**/*.txt") if "/" in file.name)
        for folder, group in groupby(files, lambda file: file.name.rpartition("/")[0]):
            parts = list(group)
            yield Flight(
                folder,
                origin=parts,
                version=" ".join(f"{part.name}={part.version}" for part in parts),
                total_bytes=sum(part.size for part in parts),
                schema=SCHEMA,
            )

    @hookimpl
    def get_schema(self):
        return SCHEMA

    @hookimpl
    def stream_batches(self, flight):
        for part in flight.origin:
            with part.open() as file:
                lines = file.read().decode().splitlines()
            part.check_unchanged()
            name = part.name.rpartition("/")[2]
            yield pa.record_batch([[name] * len(lines), lines], SCHEMA)
