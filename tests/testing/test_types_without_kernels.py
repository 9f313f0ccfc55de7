"""The laws hold for types that Arrow itself can do little with."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from flightstream import Flight, Source, adapter, hookimpl
from flightstream.testing import AdapterConformance, Sample

pytest_plugins = ["flightstream.testing"]
WORDS = pa.array(["a", "b", None, "a"])
TABLE = pa.table(
    {
        "n": [1, 2, 3, None],
        "words": WORDS.dictionary_encode(),
        "view": WORDS.cast(pa.string_view()),
        "runs": pc.run_end_encode(WORDS),
    }
)


@adapter
class TypesAdapter:
    """Serves one table, whatever is in its source."""

    source: Source

    @hookimpl
    def list_flights(self):
        yield Flight("types", version="1")

    @hookimpl
    def get_schema(self):
        return TABLE.schema

    @hookimpl
    def stream_batches(self):
        yield from TABLE.to_batches(3)


class TestTypes(AdapterConformance):
    plugin = TypesAdapter

    @pytest.fixture
    def sample(self, tmp_path):
        return Sample(tmp_path, {"types": TABLE})
