"""What holds for any table, and for any bytes."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.fs as pafs
import pytest
from flightstream_csv import CsvAdapter
from flightstream_csv.scan import Sizes
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flightstream import FlightStreamError, ScanRequest, Source

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "date32[day]": st.dates(date(1, 1, 1)),
    "timestamp[us]": st.datetimes(datetime(1, 1, 1)),
    "timestamp[us, tz=UTC]": st.datetimes(datetime(1, 1, 1), timezones=st.just(UTC)),
    "decimal128(38, 0)": st.integers(-(10**38) + 1, 10**38 - 1).map(Decimal),
    "string": TEXT,
}


def written(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace('"', '""') + '"'
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield Path(name)


def read(
    folder: Path, content: bytes, block_bytes: int, name: str = "t.csv", **options: Any
) -> pa.Table:
    # Each example is a file of its own, or one may be taken for the version before.
    number = len(list(folder.iterdir()))
    (folder / str(number)).mkdir()
    path = folder / str(number) / name
    path.write_bytes(content)
    source = Source("here", pafs.LocalFileSystem(), str(path))
    adapter = CsvAdapter(source=source, **options)
    adapter._sizes = Sizes(block_bytes, 4_096)
    try:
        for flight in adapter.list_flights():
            schema = adapter.get_schema(flight=flight)
            batches = list(adapter.stream_batches(flight=flight, request=ScanRequest()))
            return pa.Table.from_batches(batches, schema)
        return pa.table({})
    finally:
        adapter.on_shutdown()


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[Any]]]:
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5))
    rows = draw(st.integers(0, 12))
    return kinds, [
        draw(st.lists(st.none() | KINDS[kind], min_size=rows, max_size=rows)) for kind in kinds
    ]


@given(
    table=tables(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block_bytes=st.sampled_from([1, 7, 64, 2**21]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_table_is_read_as_it_was_written(
    folder: Path, table: tuple[list[str], list[list[Any]]], end: str, block_bytes: int
) -> None:
    kinds, columns = table
    names = [f"c{number}" for number in range(len(kinds))]
    lines = [names, *(map(written, row) for row in zip(*columns, strict=True))]
    content = "".join(",".join(line) + end for line in lines).encode()

    served = read(folder, content, block_bytes, column_types=dict(zip(names, kinds, strict=True)))

    assert [str(type) for type in served.schema.types] == kinds
    for name, kind, values in zip(names, kinds, columns, strict=True):
        expected = pa.array(values, served.schema.field(name).type)
        assert served[name].combine_chunks().equals(expected), kind


@given(
    kind=st.sampled_from(sorted(KINDS)),
    data=st.data(),
    block_bytes=st.sampled_from([7, 64, 2**21]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_column_is_inferred_so_that_nothing_is_lost(
    folder: Path, kind: str, data: st.DataObject, block_bytes: int
) -> None:
    values = data.draw(st.lists(KINDS[kind], min_size=1, max_size=8))
    content = "".join(f"{text},x\n" for text in ("a", *map(written, values))).encode()

    column = read(folder, content, block_bytes)["a"]

    # A quoted empty field is null where all others make a type.
    assert column.null_count == (0 if pa.types.is_string(column.type) else values.count(""))
    if pa.types.is_string(column.type):
        texts = [value if isinstance(value, str) else written(value) for value in values]
        assert column.to_pylist() == texts
    elif kind != "string":
        expected = pa.array(values, column.type)
        assert column.combine_chunks().equals(expected)


@given(
    content=st.text(alphabet='a1,"\r\n', max_size=80).map(str.encode),
    block_bytes=st.sampled_from([1, 3, 7]),
    on_bad_row=st.sampled_from(["error", "skip"]),
)
@example(content=b'111\r1\n\r"', block_bytes=1, on_bad_row="error")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_size_of_blocks_changes_nothing(
    folder: Path, content: bytes, block_bytes: int, on_bad_row: str
) -> None:
    def outcome(size: int) -> Any:
        try:
            return read(folder, content, size, on_bad_row=on_bad_row)
        except FlightStreamError as exc:
            return type(exc), exc.message

    small, large = outcome(block_bytes), outcome(2**21)

    if isinstance(small, pa.Table) and isinstance(large, pa.Table):
        assert small.combine_chunks().equals(large.combine_chunks())
    else:
        assert small == large


@given(
    content=st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            [b"a", b"1", b",", b'"', b"\n", b"\r", b"\0", b"\xff", b"\xfe", b"\xef\xbb\xbf", b"\\", b"\xc3\xa9"]
        ),
        max_size=60,
    ).map(b"".join),
    block_bytes=st.sampled_from([1, 5, 2**21]),
    name=st.sampled_from(["t.csv", "t.tsv", "t.csv.gz", "t.csv.zst", "t.csv.bz2"]),
    options=st.fixed_dictionaries(
        {},
        optional={
            "encoding": st.sampled_from(["latin-1", "utf-16", "utf-8", "shift_jis", "utf-7"]),
            "header": st.booleans() | st.just(("x", "y")),
            "escape": st.just("\\"),
            "quote": st.just(""),
            "skip_rows": st.integers(0, 3),
            "on_bad_value": st.just("null"),
            "on_bad_row": st.just("skip"),
            "timestamp_formats": st.just(("%d.%m.%Y", "%H:%M")),
            "column_types": st.just({"a": "int64", "x": "date32", "column_1": "binary"}),
        },
    ),
)  # fmt: skip
@example(content=b"\n\xef\xbb\xbf", block_bytes=1, name="t.csv", options={"header": False})
@example(content=b"\\", block_bytes=1, name="t.csv", options={"escape": "\\"})
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=300,
)
def test_any_bytes_are_a_table_or_an_error_of_ours(
    folder: Path, content: bytes, block_bytes: int, name: str, options: dict[str, Any]
) -> None:
    message = ""
    try:
        read(folder, content, block_bytes, name, **options).validate(full=True)
    except FlightStreamError as exc:
        message = exc.message

    assert "\n" not in message
    assert len(message.encode()) < 1024


@given(
    rows=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    block_bytes=st.sampled_from([1, 7, 2**21]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_python_writes_is_read_as_text(
    folder: Path, rows: list[tuple[str, str]], quoting: int, block_bytes: int
) -> None:
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([("a", "b"), *rows])

    served = read(
        folder,
        sink.getvalue().encode(),
        block_bytes,
        column_types={"a": "string", "b": "string"},
    )

    assert [(row["a"] or "", row["b"] or "") for row in served.to_pylist()] == rows


@given(rows=st.lists(st.tuples(st.none() | TEXT, st.none() | TEXT), min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_arrow_writes_is_read_with_its_nulls(
    folder: Path, rows: list[tuple[str | None, str | None]]
) -> None:
    table = pa.table(
        {"a": pa.array([row[0] for row in rows], pa.string()),
         "b": pa.array([row[1] for row in rows], pa.string())}
    )  # fmt: skip
    sink = io.BytesIO()
    pacsv.write_csv(table, sink)

    served = read(folder, sink.getvalue(), 2**21, column_types={"a": "string", "b": "string"})

    assert served.combine_chunks().equals(table)
