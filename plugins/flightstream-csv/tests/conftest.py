"""A file, an adapter over its folder, and what it serves."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from attrs import define, field
from flightstream_csv import CsvAdapter
from flightstream_csv.scan import Sizes

from flightstream import Flight, ScanCounts, ScanRequest, Source


@define(eq=False)
class Served:
    """One file as the core would ask an adapter for it."""

    adapter: CsvAdapter
    flight: Flight
    counts: ScanCounts = field(factory=ScanCounts)

    @property
    def schema(self) -> pa.Schema:
        return self.adapter.get_schema(flight=self.flight)

    @property
    def types(self) -> dict[str, str]:
        return {column.name: str(column.type) for column in self.schema}

    def ask(self) -> pa.Schema:
        return self.schema

    def batches(self, **request: Any) -> Iterator[pa.RecordBatch]:
        return self.adapter.stream_batches(
            flight=self.flight, request=ScanRequest(counts=self.counts, **request)
        )

    def read(self, **request: Any) -> pa.Table:
        batches = list(self.batches(**request))
        if not batches:
            return self.schema.empty_table()
        return pa.Table.from_batches(batches)

    def rows(self, **request: Any) -> list[dict[str, Any]]:
        return self.read(**request).to_pylist()


Serve = Callable[..., Served]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source("here", pafs.LocalFileSystem(), str(tmp_path))


@pytest.fixture
def serve(tmp_path: Path, source: Source) -> Iterator[Serve]:
    """Return a function that writes a file and serves it.

    ``block_bytes`` and ``record_bytes`` are the sizes of the scan, everything
    else is an option of the adapter.
    """
    adapters = []

    def serve(
        content: str | bytes,
        name: str = "table.csv",
        *,
        block_bytes: int = 2**21,
        record_bytes: int = 2**26,
        **options: Any,
    ) -> Served:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        adapter = CsvAdapter(source=source, **options)
        adapter._sizes = Sizes(block_bytes, record_bytes)
        adapters.append(adapter)
        flights = {flight.origin.full_name: flight for flight in adapter.list_flights()}
        return Served(adapter, flights[name])

    yield serve
    for adapter in adapters:
        adapter.on_shutdown()
