"""A file, an adapter over its folder, and what it serves."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from attrs import define
from flightstream_arrow import ArrowAdapter

from flightstream import File, Flight, ScanEstimate, ScanRequest, Source


@define(eq=False)
class Opened:
    """One flight as the core would ask an adapter for it."""

    adapter: ArrowAdapter
    flight: Flight

    @property
    def file(self) -> File:
        return self.flight.origin.files[0]

    @property
    def schema(self) -> pa.Schema:
        return self.adapter.get_schema(flight=self.flight)

    def batches(self, **request: Any) -> Iterator[pa.RecordBatch]:
        return self.adapter.stream_batches(flight=self.flight, request=ScanRequest(**request))

    def read(self, **request: Any) -> pa.Table:
        names = request.get("columns") or self.schema.names
        schema = pa.schema([self.schema.field(name) for name in names])
        return pa.Table.from_batches(self.batches(**request), schema)

    def estimate(self, **request: Any) -> ScanEstimate:
        return self.adapter.estimate_scan(flight=self.flight, request=ScanRequest(**request))

    def parts(self, target: int, **request: Any) -> list[Any]:
        asked = ScanRequest(**request)
        return list(self.adapter.plan_partitions(flight=self.flight, request=asked, target=target))


Open = Callable[..., Opened]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Return a function that writes a file and opens it; all else are options."""
    with ExitStack() as stack:

        def opened(content: bytes, name: str = "table.arrow", **options: Any) -> Opened:
            (tmp_path / name).write_bytes(content)
            source = Source("here", pafs.LocalFileSystem(), str(tmp_path))
            adapter = ArrowAdapter(source=source, **options)
            stack.callback(adapter.on_shutdown)
            flights = {flight.origin.files[0].name: flight for flight in adapter.list_flights()}
            return Opened(adapter, flights[name])

        yield opened


@pytest.fixture
def written() -> Callable[..., bytes]:
    """Return a function that writes a table as Arrow does, as a file or a stream."""
    return _written


def _written(
    table: pa.Table, rows: int | None = None, *, stream: bool = False, **options: Any
) -> bytes:
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, rows)
    return bytes(sink.getvalue().to_pybytes())
