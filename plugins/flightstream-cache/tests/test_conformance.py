"""Adapters keep their laws also behind the cache."""

import atexit
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from flightstream_cache import Cache
from flightstream_csv import CsvAdapter
from flightstream_parquet import ParquetAdapter

from flightstream import option, service
from flightstream.testing import AdapterConformance, Sample

pytest_plugins = ["flightstream.testing"]

TABLE = pa.table({"n": [1, 2, 3, 4, 5, None], "s": ["a", None, "c", "a", "größe", ""]})
NONE = TABLE.slice(0, 0)
# Not of a fixture, for servers in processes of their own make theirs.
ROOT = mkdtemp(prefix="flightstream-cache-")
atexit.register(shutil.rmtree, ROOT, ignore_errors=True)


@service
class CacheSomewhere(Cache):
    """Needs no options, as laws give none to services."""

    folder: Path = option(factory=lambda: Path(mkdtemp(dir=ROOT)), help="Anywhere.")


class TestCsvBehindTheCache(AdapterConformance):
    plugin = CsvAdapter
    services = (CacheSomewhere,)
    options: ClassVar = {"batch_rows": 2}

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        pacsv.write_csv(TABLE, tmp_path / "t.csv")
        (tmp_path / "none.csv").write_text("n,s\n")
        empty = pa.table({"n": pa.array([], pa.string()), "s": pa.array([], pa.string())})
        return Sample(tmp_path, {"t": TABLE, "none": empty})

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        pacsv.write_csv(TABLE.slice(2), Path(sample.uri, "t.csv"))
        return {**sample.tables, "t": TABLE.slice(2)}

    def remove(self, sample: Sample, name: str) -> None:
        Path(sample.uri, f"{name}.csv").unlink()


class TestParquetBehindTheCache(AdapterConformance):
    plugin = ParquetAdapter
    services = (CacheSomewhere,)

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        pq.write_table(TABLE, tmp_path / "t.parquet", row_group_size=2)
        pq.write_table(NONE, tmp_path / "none.parquet")
        return Sample(tmp_path, {"t": TABLE, "none": NONE})

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        pq.write_table(TABLE.slice(2), Path(sample.uri, "t.parquet"))
        return {**sample.tables, "t": TABLE.slice(2)}

    def remove(self, sample: Sample, name: str) -> None:
        Path(sample.uri, f"{name}.parquet").unlink()
