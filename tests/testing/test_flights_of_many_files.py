"""The laws hold an adapter also against flights that are many files."""

import pyarrow as pa
import pytest

from flightstream import Flight, Source, adapter, hookimpl
from flightstream.testing import AdapterConformance, Sample

pytest_plugins = ["flightstream.testing"]
OWN = pa.schema([("line", pa.string())])


@adapter
class NotesAdapter:
    """Serves a row for each text file."""

    source: Source

    @hookimpl
    def list_flights(self):
        for files in self.source.file_sets("**/*.txt"):
            yield Flight(files.name, origin=files, version=files.version, full_name=files.full_name)

    @hookimpl
    def get_schema(self, flight):
        return flight.origin.schema(lambda file: OWN)

    @hookimpl
    def stream_batches(self, flight):
        schema = self.get_schema(flight)
        for number, file in enumerate(flight.origin.files):
            with file.open() as text:
                batch = pa.record_batch([[text.read().decode()]], schema=OWN)
            yield flight.origin.conform(number, batch, schema)


class TestNotes(AdapterConformance):
    plugin = NotesAdapter

    @pytest.fixture
    def sample(self, tmp_path):
        for name in ("todo.txt", "day=1/a.txt", "day=2/b.txt"):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(name)
        days = pa.table({"line": ["day=1/a.txt", "day=2/b.txt"], "day": [1, 2]})
        return Sample(
            tmp_path,
            {"todo": pa.table({"line": ["todo.txt"]}), "days": days},
            flights={"days": "day=*/*.txt"},
        )
