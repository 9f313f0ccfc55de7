"""What the adapters here are held against the laws with."""

from pathlib import Path

import pyarrow as pa
import pytest
from arrow_adapter import IDS, TABLES, ArrowAdapter, write

from flightstream.testing import AdapterConformance, Sample


class Case(AdapterConformance):
    adapter = ArrowAdapter
    batch_limit_bytes = 1000
    memory_limit_bytes = 48 * 2**20

    @pytest.fixture
    def large(self, tmp_path):
        numbers = pa.table({"n": pa.array(range(2**17), pa.int64())})
        write(tmp_path, "large", pa.concat_tables([numbers] * 110), batch_rows=2**17)
        return Sample(tmp_path, {})

    @pytest.fixture
    def sample(self, tmp_path):
        for name, table in TABLES.items():
            write(tmp_path, name, table)
        return Sample(tmp_path, TABLES)

    def change(self, sample):
        after = pa.table({"id": range(5, -1, -1), "name": list("zyxwvu")}, schema=IDS)
        Path(sample.uri, "orders.arrow").unlink()
        write(Path(sample.uri), "orders", after)
        return {**sample.tables, "orders": after}

    def remove(self, sample, name):
        Path(sample.uri, f"{name}.arrow").unlink()

    def spoil(self, sample):
        Path(sample.uri, "spoilt.arrow").write_bytes(b"no arrow file")
        return "spoilt"
