"""What is written is read, however it is written; what is damaged is told, and harms nothing."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from flightstream_arrow import ArrowAdapter
from hypothesis import given
from hypothesis import strategies as st

from flightstream import Flight, ScanRequest, Source
from flightstream.testing.strategies import tables


@contextmanager
def adapter(content: bytes, *, memory_map: bool = False) -> Iterator[tuple[ArrowAdapter, Flight]]:
    """Write a file and give an adapter over it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "table.arrow").write_bytes(content)
        source = Source("here", pafs.LocalFileSystem(), folder)
        opened = ArrowAdapter(source=source, memory_map=memory_map)
        try:
            [flight] = opened.list_flights()
            yield opened, flight
        finally:
            opened.on_shutdown()


def same(found: pa.Table, expected: pa.Table) -> bool:
    """Tell whether two tables are equal; NaN equals NaN."""
    return found.schema.equals(expected.schema) and (
        found.equals(expected) or str(found.to_pylist()) == str(expected.to_pylist())
    )


@given(
    tables(),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from([None, "lz4", "zstd"]),
    st.booleans(),
    st.data(),
)
def test_what_is_written_is_read(table, rows, stream, compression, memory_map, data):
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(compression=compression, unify_dictionaries=not stream)
    with make(sink, table.schema, options=options) as writer:
        writer.write_table(table, rows)
    names = data.draw(st.lists(st.sampled_from(table.schema.names), min_size=1, unique=True))
    offset, limit = data.draw(st.tuples(st.integers(0, 6), st.none() | st.integers(0, 6)))
    request = ScanRequest(columns=tuple(names), offset=offset, limit=limit)

    with adapter(sink.getvalue().to_pybytes(), memory_map=memory_map) as (opened, flight):
        schema = opened.get_schema(flight=flight)
        whole = opened.stream_batches(flight=flight, request=ScanRequest())
        assert same(pa.Table.from_batches(whole, schema), table)
        some = opened.stream_batches(flight=flight, request=request)
        chosen = pa.schema([schema.field(name) for name in names])
        assert same(pa.Table.from_batches(some, chosen), table.select(names).slice(offset, limit))
        estimate = opened.estimate_scan(flight=flight, request=request)
        assert estimate.records in (-1, len(table.slice(offset, limit)))


@pytest.mark.parametrize("seed", range(3))
def test_damage_is_told_and_harms_nothing(seed: int) -> None:
    """In a process of its own, for it would die of what must not happen."""
    program = Path(__file__).with_name("damage.py")

    done = subprocess.run(
        [sys.executable, program, str(seed)], capture_output=True, text=True, timeout=100
    )

    assert (done.returncode, done.stderr) == (0, "")
