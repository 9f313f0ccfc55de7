"""Whatever Parquet can hold is read as it was written, and no row is lost by pruning."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from flightstream_parquet import ParquetAdapter
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flightstream import Filter, Flight, InvalidCommand, ScanRequest, Source, Unsupported
from flightstream.testing.strategies import commands, schemas, tables, types

_HELD = types().filter(lambda one: _can_hold(one))
tried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _can_hold(type_: pa.DataType) -> bool:
    try:
        pq.write_table(pa.schema([("x", type_)]).empty_table(), pa.BufferOutputStream())
    except (pa.ArrowException, OSError):
        return False
    return "null" not in str(type_)  # Arrow 26 reads a list of two nulls as one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake")


def served(folder: Path, table: pa.Table, **writing: Any) -> tuple[Any, Flight, pa.Table]:
    """Return an adapter, a flight of a table, and the table as pyarrow reads it back."""
    try:
        pq.write_table(table, folder / "t.parquet", **writing)
        whole = pq.read_table(folder / "t.parquet")
    except (pa.ArrowException, OverflowError):  # Arrow 21 cannot do it with some lists
        assume(False)
    adapter = ParquetAdapter(source=Source("s", pafs.LocalFileSystem(), str(folder)), batch_rows=3)
    [flight] = adapter.list_flights()
    # Not all that is written comes back in the type that it had: seconds are milliseconds.
    return adapter, flight, whole.cast(adapter.get_schema(flight=flight))


def read(adapter: Any, flight: Flight, **asked: Any) -> pa.Table:
    schema = adapter.get_schema(flight=flight)
    request = ScanRequest(**asked)
    columns = schema.names if request.columns is None else request.columns
    batches = list(adapter.stream_batches(flight=flight, request=request))
    return pa.Table.from_batches(batches, pa.schema([schema.field(name) for name in columns]))


def shown(table: pa.Table) -> str:
    """Return a table as text, in which NaN is NaN."""
    return str([column.to_pylist() for column in table.columns])


@tried
@given(table=tables(schemas(of=_HELD)), rows=st.integers(1, 5))
def test_any_table_is_read_as_it_was_written(folder, table, rows):
    adapter, flight, expected = served(folder, table, row_group_size=rows)

    found = read(adapter, flight)

    assert found.schema.equals(expected.schema)
    assert shown(found) == shown(expected)


@tried
@given(data=st.data())
def test_any_command_gives_what_the_whole_table_gives(folder, data):
    table = data.draw(tables(schemas(of=_HELD), max_rows=12))
    writing = {
        "row_group_size": data.draw(st.integers(1, 5)),
        "write_statistics": data.draw(st.booleans()),
        "use_dictionary": data.draw(st.booleans()),
        "version": data.draw(st.sampled_from(["1.0", "2.6"])),
    }
    adapter, flight, whole = served(folder, table, **writing)
    command = data.draw(commands(whole))
    try:
        row_filter = command.filter and Filter.bind(command.filter, whole.schema)
    except (InvalidCommand, Unsupported):
        assume(False)
    asked = {
        "columns": command.columns or None,
        "filter": row_filter,
        "limit": command.limit,
        "offset": command.offset,
    }

    found = read(adapter, flight, **asked)

    expected = pa.Table.from_batches(
        list(ScanRequest(**asked).narrow(whole.combine_chunks().to_batches())), found.schema
    )
    assert shown(found) == shown(expected)
    estimate = adapter.estimate_scan(flight=flight, request=ScanRequest(**asked))
    assert estimate.records in (-1, found.num_rows)


@tried
@given(data=st.data())
def test_the_parts_are_the_whole(folder, data):
    table = data.draw(tables(schemas(of=_HELD, max_columns=3), max_rows=12))
    adapter, flight, _ = served(folder, table, row_group_size=data.draw(st.integers(1, 5)))
    target = data.draw(st.integers(1, 6))

    parts = adapter.plan_partitions(flight=flight, request=ScanRequest(), target=target)

    found = pa.concat_tables([read(adapter, flight, partition=part) for part in parts] or [table])
    assert len(parts) <= target
    assert shown(found) == shown(read(adapter, flight))
