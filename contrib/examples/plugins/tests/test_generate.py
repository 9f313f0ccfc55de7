"""Generated rows, held against the laws of adapters."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from generate import BATCH_ROWS, GenerateAdapter

from flightstream.testing import AdapterConformance, Sample, Subject

pytest_plugins = ["flightstream.testing"]


def made(rows: int, seed: int = 1) -> pa.Table:
    """Return the rows as a server on any machine makes them."""
    firsts = range(0, rows, BATCH_ROWS)
    values = [pc.random(BATCH_ROWS, initializer=seed + first) for first in firsts]
    return pa.table({"id": range(rows), "value": pa.concat_arrays(values).slice(0, rows)})


class TestGenerate(AdapterConformance):
    plugin = GenerateAdapter

    @pytest.fixture
    def sample(self, tmp_path):
        return Sample(tmp_path, {"rows": made(40_000)}, {"rows": 40_000})

    @pytest.fixture
    def large(self, tmp_path):
        return Sample(tmp_path, {}, {"rows": 30_000_000})


def test_a_seed_makes_the_same_values_everywhere_and_another_makes_others(serve, tmp_path):
    sources = {
        name: {"uri": str(tmp_path), "options": {"generate": {"seed": seed, "rows": 3}}}
        for name, seed in (("one", 1), ("two", 2))
    }
    served = serve(GenerateAdapter, config={"plugins": {"enabled": []}, "sources": sources})

    one, two = (served.client.read(f"{name}/rows") for name in sources)
    assert [round(value, 3) for value in one["value"].to_pylist()] == [0.881, 0.753, 0.078]
    assert one["id"] == two["id"]
    assert one["value"] != two["value"]


def test_there_may_be_no_rows(registry, tmp_path):
    config = {
        "plugins": {"enabled": [], "generate": {"rows": 0}},
        "sources": {"s": {"uri": str(tmp_path)}},
    }
    subject = Subject(registry(GenerateAdapter, config=config))

    assert list(subject.stream("rows")) == []
    assert subject.schema("rows").names == ["id", "value"]
