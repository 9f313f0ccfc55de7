"""What the adapters here are held against the laws with."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from right_adapters import ArrowAdapter

from flightstream.testing import AdapterConformance, Sample

SCHEMA = pa.schema([pa.field("id", pa.int64(), nullable=False), ("name", pa.string())])
ORDERS = pa.table({"id": range(6), "name": ["a", None, "b", "a", "", "c"]}, schema=SCHEMA)
TABLES = {"deep/empty": SCHEMA.empty_table(), "orders": ORDERS}


class AdapterCase(AdapterConformance):
    plugin = ArrowAdapter
    batch_limit_bytes = 1000
    memory_limit_bytes = 48 * 2**20

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        for name, table in TABLES.items():
            write(tmp_path, name, table)
        return Sample(tmp_path, TABLES)

    @pytest.fixture
    def large(self, tmp_path: Path) -> Sample:
        numbers = pa.table({"n": pa.array(range(2**17), pa.int64())})
        write(tmp_path, "large", pa.concat_tables([numbers] * 110), batch_rows=2**17)
        return Sample(tmp_path, {})

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        after = pa.table({"id": range(9, 0, -1), "name": list("zyxwvutsr")}, schema=SCHEMA)
        Path(sample.uri, "orders.arrow").unlink()
        write(Path(sample.uri), "orders", after)
        return {**sample.tables, "orders": after}

    def remove(self, sample: Sample, name: str) -> None:
        Path(sample.uri, f"{name}.arrow").unlink()

    def spoil(self, sample: Sample) -> str:
        Path(sample.uri, "spoilt.arrow").write_bytes(b"no arrow file")
        return "spoilt"


def write(folder: Path, name: str, table: pa.Table, batch_rows: int = 2) -> None:
    path = folder / f"{name}.arrow"
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table, max_chunksize=batch_rows)
