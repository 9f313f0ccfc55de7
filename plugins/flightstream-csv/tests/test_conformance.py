"""The CSV adapter keeps the laws of every adapter."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest
from flightstream_csv import CsvAdapter

from flightstream.testing import AdapterConformance, Sample

pytest_plugins = ["flightstream.testing"]

ORDERS = """id,city,fare,paid,at
1,Oslo,2.5,true,2024-02-29
2,,NaN,false,2024-03-01
3,"a ""quoted""
city",-1.5,,
4,Bergen,0.0,true,1969-12-31
5,größe,,false,2024-02-29
"""


class TestCsv(AdapterConformance):
    plugin = CsvAdapter
    options: ClassVar = {"batch_rows": 2}

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        (tmp_path / "2024").mkdir()
        (tmp_path / "2024" / "orders.csv").write_text(ORDERS, encoding="utf-8")
        (tmp_path / "empty.csv").write_text("a,b\n")
        (tmp_path / "tabs.tsv").write_text("x\ty\n1\t2\n")
        return Sample(
            tmp_path,
            {
                "2024/orders": pa.table(
                    {
                        "id": [1, 2, 3, 4, 5],
                        "city": ["Oslo", None, 'a "quoted"\ncity', "Bergen", "größe"],
                        "fare": [2.5, float("nan"), -1.5, 0.0, None],
                        "paid": [True, False, None, True, False],
                        "at": pa.array([19782, 19783, None, -1, 19782], pa.date32()),
                    }
                ),
                "empty": pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.string())}),
                "tabs": pa.table({"x": [1], "y": [2]}),
            },
        )

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        Path(sample.uri, "tabs.tsv").write_text("x\ty\n1\t2\n3\t4\n")
        return {**sample.tables, "tabs": pa.table({"x": [1, 3], "y": [2, 4]})}

    def remove(self, sample: Sample, name: str) -> None:
        next(Path(sample.uri).glob(f"{name}.*")).unlink()

    def spoil(self, sample: Sample) -> str:
        Path(sample.uri, "spoilt.csv").write_text("a,b\n1,2\n3\n")
        return "spoilt"

    @pytest.fixture(scope="class")
    @classmethod
    def large(cls, tmp_path_factory: pytest.TempPathFactory) -> Sample:
        folder = tmp_path_factory.mktemp("large")
        block = b"".join(b"%d,%d.5,name %d,2024-01-01\n" % (n, n, n % 97) for n in range(100_000))
        with (folder / "large.csv").open("wb") as file:
            file.write(b"id,value,name,day\n")
            for _ in range(140):
                file.write(block)
        return Sample(folder, {}, options={"batch_rows": 32_768})
