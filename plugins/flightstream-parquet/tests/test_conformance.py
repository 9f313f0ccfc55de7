"""The Parquet adapter keeps the laws of every adapter."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flightstream_parquet import ParquetAdapter

from flightstream.testing import AdapterConformance, Sample

ORDERS = pa.table(
    {
        "id": pa.array(range(9), pa.int64()),
        "city": ["Oslo", None, "Bergen", "größe", "", "Oslo", "a", "b", None],
        "fare": [2.5, float("nan"), None, -0.0, 0.0, 1e300, float("inf"), -1.0, 2.0],
        "tags": [["a"], [], None, ["b", None], ["c"], [], [], ["d"], None],
        "at": pa.array(range(9), pa.timestamp("us", "UTC")),
        "kind": pa.array(["x", "y", None] * 3).dictionary_encode(),
    }
)
DECODED = ORDERS.set_column(5, "kind", ORDERS["kind"].cast(pa.string()))


def write(path: Path, table: pa.Table, rows: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=rows)


def write_damaged(folder: Path) -> str:
    path = folder / "spoilt.parquet"
    write(path, pa.table({"n": list(range(1000))}), 1000)
    content = bytearray(path.read_bytes())
    content[100:110] = b"x" * 10
    path.write_bytes(content)
    return "spoilt"


def write_large(folder: Path, files: int) -> None:
    """Write 7 * 64 MiB of numbers."""
    numbers = pa.array(range(2**20), pa.int64())
    table = pa.table({f"n{i}": numbers for i in range(8)})
    folder.mkdir(exist_ok=True)
    for file in range(files):
        with pq.ParquetWriter(
            folder / f"{file}.parquet", table.schema, use_dictionary=False
        ) as out:
            for _ in range(7 // files):
                out.write_table(table, row_group_size=2**17)


class TestFiles(AdapterConformance):
    plugin = ParquetAdapter
    options: ClassVar = {"batch_rows": 3}

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        write(tmp_path / "2024" / "orders.parquet", ORDERS)
        write(tmp_path / "empty.parquet", ORDERS.slice(0, 0))
        write(tmp_path / "one.pq", pa.table({"n": [1]}))
        return Sample(
            tmp_path,
            {"2024/orders": DECODED, "empty": DECODED.slice(0, 0), "one": pa.table({"n": [1]})},
        )

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        after = DECODED.slice(3)
        write(Path(sample.uri, "2024/orders.parquet"), after)
        return {**sample.tables, "2024/orders": after}

    def remove(self, sample: Sample, name: str) -> None:
        next(Path(sample.uri).glob(f"{name}.p*")).unlink()

    def spoil(self, sample: Sample) -> str:
        return write_damaged(Path(sample.uri))

    @pytest.fixture(scope="class")
    @classmethod
    def large(cls, tmp_path_factory: pytest.TempPathFactory) -> Sample:
        folder = tmp_path_factory.mktemp("large")
        write_large(folder, 1)
        return Sample(folder, {}, options={"batch_rows": 32_768})


class TestDictionaries(TestFiles):
    options: ClassVar = {"batch_rows": 3, "dictionary": "keep"}

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        table = ORDERS.select(["id", "kind"])
        write(tmp_path / "orders.parquet", table)
        write(tmp_path / "empty.parquet", table.slice(0, 0))
        return Sample(tmp_path, {"orders": table, "empty": table.slice(0, 0)})

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        after = sample.tables["orders"].slice(4)
        write(Path(sample.uri, "orders.parquet"), after)
        return {**sample.tables, "orders": after}


class TestManyFiles(AdapterConformance):
    plugin = ParquetAdapter
    options: ClassVar = {"batch_rows": 3}

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        parts = {"de": DECODED.slice(0, 4), "fr": DECODED.slice(4, 3), "no": DECODED.slice(7)}
        for country, part in parts.items():
            write(tmp_path / "rides" / f"country={country}" / "a.parquet", part)
        countries = pa.array(["de"] * 4 + ["fr"] * 3 + ["no"] * 2)
        rides = DECODED.append_column("country", countries)
        return Sample(tmp_path, {"rides": rides}, flights={"rides": "rides/"})

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        more = DECODED.slice(2, 1)
        write(Path(sample.uri, "rides/country=se/b.parquet"), more)
        added = more.append_column("country", pa.array(["se"]))
        return {"rides": pa.concat_tables([sample.tables["rides"], added])}

    def remove(self, sample: Sample, name: str) -> None:
        for path in Path(sample.uri, "rides").rglob("*.parquet"):
            path.unlink()

    def spoil(self, sample: Sample) -> str:
        return write_damaged(Path(sample.uri))

    @pytest.fixture(scope="class")
    @classmethod
    def large(cls, tmp_path_factory: pytest.TempPathFactory) -> Sample:
        folder = tmp_path_factory.mktemp("large")
        write_large(folder / "large", 7)
        return Sample(
            folder, {}, options={"batch_rows": 32_768}, flights={"large": "large/*.parquet"}
        )
