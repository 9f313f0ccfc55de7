"""Generated rows, held against the laws of adapters."""

import zlib
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from generate import GenerateAdapter

from flightstream.testing import AdapterConformance, Sample, Subject

pytest_plugins = ["flightstream.testing"]


def made(name: str, type_: str, *, rows: int, batch_rows: int, seed: int = 1) -> pa.Array:
    """Return a column as a server on any machine makes it, batch by batch."""
    batches = [
        pc.random(batch_rows, initializer=zlib.crc32(f"{seed} {name} {number}".encode()))
        for number in range(-(-rows // batch_rows))
    ]
    whole = pa.concat_arrays([pa.array([], pa.float64()), *batches]).slice(0, rows)
    return pc.multiply(whole, 1_000_000).cast(type_, safe=False)


class TestGenerate(AdapterConformance):
    plugin = GenerateAdapter
    columns: ClassVar = {"id": "int64", "value": "float64", "name": "string"}

    @pytest.fixture
    def sample(self, tmp_path):
        shape = {"rows": 100, "batch_rows": 7}
        table = pa.table({name: made(name, kind, **shape) for name, kind in self.columns.items()})
        return Sample(tmp_path, {"rows": table}, {**shape, "columns": self.columns})

    @pytest.fixture
    def large(self, tmp_path):
        return Sample(tmp_path, {}, {"rows": 30_000_000})


def test_a_seed_makes_the_same_rows_everywhere_and_another_makes_others(serve, tmp_path):
    sources = {
        name: {"uri": str(tmp_path), "options": {"generate": {"seed": seed, "rows": 3}}}
        for name, seed in (("one", 1), ("two", 2))
    }
    served = serve(GenerateAdapter, config={"plugins": {"enabled": []}, "sources": sources})

    assert served.client.read("one/rows")["id"].to_pylist() == [552963, 11306, 845719]
    assert served.client.read("two/rows")["id"].to_pylist() == [157506, 131863, 344394]


def test_there_may_be_no_rows(registry, tmp_path):
    config = {
        "plugins": {"enabled": [], "generate": {"rows": 0}},
        "sources": {"s": {"uri": str(tmp_path)}},
    }
    subject = Subject(registry(GenerateAdapter, config=config))

    assert list(subject.stream("rows")) == []
    assert subject.schema("rows").names == ["id", "value"]
