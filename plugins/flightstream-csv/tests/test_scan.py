"""Rows as they are read, and what happens to those that do not fit."""

import gc
import gzip
import time
import tomllib
from collections import deque
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pytest

from flightstream import InvalidData


def grid(rows: int, odd: dict[int, str]) -> str:
    lines = (odd.get(row, f"{row},{row}.5,t{row}") for row in range(1, rows + 1))
    return "i,d,t\n" + "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("block_bytes", [40, 1000, 2**21])
@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        ("x,1.5,t", "i", "x"),
        ("00123,1.5,t", "i", "00123"),
        ("0x1F,1.5,t", "i", "0x1F"),
        ("-007,1.5,t", "i", "-007"),
        ("9223372036854775808,1.5,t", "i", "9223372036854775808"),
        ("1,007.5,t", "d", "007.5"),
        ("1,9007199254740993,t", "d", "9007199254740993"),
        ("1,1e999,t", "d", "1e999"),
        ("1,NA,t", "d", "NA"),
        ('1,"",t', "d", ""),
    ],
)
def test_value_that_does_not_fit_is_named_with_its_cure(
    serve: Any, line: str, column: str, value: str, block_bytes: int
) -> None:
    served = serve(grid(2000, {1500: line}), infer_bytes=1024, block_bytes=block_bytes)
    assert served.types == {"i": "int64", "d": "double", "t": "string"}

    with pytest.raises(InvalidData) as caught:
        served.read()

    error = caught.value
    assert (error.row, error.column, error.value) == (1500, column, value)
    type = served.types[column]
    assert error.message == (
        f"'table.csv', row 1500, column {column!r}: {value!r} is no {type}:"
        f' set column_types = {{ {column} = "string" }} or on_bad_value = "null"'
    )


@pytest.mark.parametrize("block_bytes", [40, 1000, 2**21])
def test_bad_value_becomes_null_and_is_counted(serve: Any, block_bytes: int) -> None:
    odd = {1500: "x,007,t", 1510: '"",1e3,"00"', 1520: ",missing,"}
    served = serve(grid(2000, odd), infer_bytes=1024, block_bytes=block_bytes, on_bad_value="null")

    rows = served.rows()

    assert len(rows) == 2000
    assert rows[1499] == {"i": None, "d": None, "t": "t"}
    assert rows[1509] == {"i": None, "d": 1000.0, "t": "00"}
    assert rows[1519] == {"i": None, "d": None, "t": None}
    assert served.counts.as_dict() == {"nulled_values": 4}


def test_first_bad_value_by_row_is_reported(serve: Any) -> None:
    served = serve(grid(2000, {1501: "x,1,t", 1500: "1,y,t"}), infer_bytes=1024)

    with pytest.raises(InvalidData) as caught:
        served.read()

    assert (caught.value.row, caught.value.column) == (1500, "d")


@pytest.mark.parametrize("block_bytes", [40, 1000, 2**21])
@pytest.mark.parametrize(("line", "fields"), [("1,2", 2), ("1,2,3,4", 4), ('"', 1)])
def test_ragged_row_is_named(serve: Any, line: str, fields: int, block_bytes: int) -> None:
    if line == '"':
        line = '"\n"'
    served = serve(grid(2000, {1500: line}), block_bytes=block_bytes)

    with pytest.raises(InvalidData) as caught:
        served.read()

    assert (caught.value.row, caught.value.column) == (1500, None)
    assert f"row 1500: a record of {fields} instead of 3 fields" in caught.value.message
    assert 'on_bad_row = "skip"' in caught.value.message


@pytest.mark.parametrize("block_bytes", [40, 1000, 2**21])
def test_ragged_rows_are_skipped_and_counted(serve: Any, block_bytes: int) -> None:
    odd = {1: "1", 1000: "1,2,3,4", 2000: "5,6"}
    served = serve(grid(2000, odd), block_bytes=block_bytes, on_bad_row="skip")

    table = served.read()

    assert (table.num_rows, table.schema, table["i"][0].as_py()) == (
        1997,
        served.schema,
        2,
    )
    assert served.counts.as_dict() == {"skipped_rows": 3}


def test_row_number_counts_skipped_rows(serve: Any) -> None:
    odd = {10: "1", 700: "1,2", 1400: "1", 1500: "x,1,t"}
    served = serve(grid(2000, odd), infer_bytes=1024, on_bad_row="skip", block_bytes=5_000)

    with pytest.raises(InvalidData) as caught:
        served.read()

    assert (caught.value.row, caught.value.column) == (1500, "i")


def test_rows_before_a_bad_block_are_given_out(serve: Any) -> None:
    served = serve(grid(2000, {1500: "x,1,t"}), infer_bytes=1024, block_bytes=500)
    batches: list[pa.RecordBatch] = []

    with pytest.raises(InvalidData):
        batches.extend(served.batches())

    assert 1400 < sum(batch.num_rows for batch in batches) < 1500


def test_declared_type_takes_what_arrow_takes(serve: Any) -> None:
    served = serve("a,b\n00123,2024-01-01 00:00:00\n0x1F,2024-01-02\n", column_types={"a": "int32"})

    assert served.read()["a"].to_pylist() == [123, 31]


def test_declared_type_that_does_not_fit_is_named(serve: Any) -> None:
    served = serve("a\n1\nabc\n", column_types={"a": "uint8"})

    with pytest.raises(InvalidData, match="'abc' is no uint8"):
        served.read()


@pytest.mark.parametrize(
    ("type", "good", "bad"),
    [
        ("int8", "-128", "128"),
        ("float", "1.5", "1.5.5"),
        ("bool", "true", "yes"),
        ("date32", "2024-02-29", "2023-02-29"),
        ("timestamp[ms]", "2024-02-29 01:02:03.004", "2024-02-29 01:02:03.0045"),
        ("timestamp[us, UTC]", "2024-02-29 01:02:03Z", "2024-02-29 01:02:03"),
        ("time64[us]", "01:02:03.5", "25:00:00"),
        ("decimal128(5, 2)", "123.45", "1234.567"),
        ("decimal256(60, 1)", "5.5", "x"),
        ("duration[s]", "90", "x"),
    ],
)
def test_bad_values_of_any_declared_type_become_null(
    serve: Any, type: str, good: str, bad: str
) -> None:
    served = serve(
        f"a,b\n{good},1\n{bad},2\n,3\n{good},4\n",
        column_types={"a": type},
        on_bad_value="null",
    )

    column = served.read()["a"]

    assert [value is None for value in column.to_pylist()] == [False, True, True, False]
    assert column[0] == column[3]
    assert served.counts.as_dict() == {"nulled_values": 1}


def test_bad_date_of_a_format_becomes_null(serve: Any) -> None:
    good = "".join(f"{day:02}.03.2024\n" for day in range(1, 32)) * 100
    served = serve(
        f"d\n{good}31.02.2024\n{good}{good}{good}",
        timestamp_formats=("%d.%m.%Y",),
        infer_bytes=1024,
        on_bad_value="null",
        block_bytes=4096,
    )

    assert served.types == {"d": "date32[day]"}
    assert served.read()["d"].null_count == 1
    assert served.counts.as_dict() == {"nulled_values": 1}


@pytest.mark.parametrize("block_bytes", [8, 100, 2**21])
def test_file_that_ends_inside_a_quote_is_invalid_data(serve: Any, block_bytes: int) -> None:
    served = serve('a,b\n1,x\n2,"y\n3,z\n', block_bytes=block_bytes)

    with pytest.raises(InvalidData, match="open quote") as caught:
        served.read()

    assert caught.value.row == 2


def test_record_larger_than_a_block_is_read(serve: Any) -> None:
    long = "word, \n" * 2_000
    served = serve(f'a,b\n1,"{long}"\n2,x\n', block_bytes=256)

    assert served.read()["b"].to_pylist() == [long, "x"]


def test_record_larger_than_the_limit_is_a_clear_error(serve: Any) -> None:
    served = serve(f'a,b\n1,x\n2,"{"x" * 5_000}"\n', block_bytes=256, record_bytes=2_000)

    with pytest.raises(InvalidData, match="longer than 2,000 bytes") as caught:
        served.read()

    assert caught.value.row == 2


@pytest.mark.parametrize("block_bytes", [3, 2**21])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_of_any_kind_are_read(serve: Any, end: str, last: bool, block_bytes: int) -> None:
    lines = ["a,b", "1,x", '2,"y', 'y"', "3,z"]
    served = serve(end.join(lines) + (end if last else ""), block_bytes=block_bytes)

    assert served.rows() == [
        {"a": 1, "b": "x"},
        {"a": 2, "b": f"y{end}y"},
        {"a": 3, "b": "z"},
    ]


@pytest.mark.parametrize("block_bytes", [1, 2**21])
def test_blank_line_of_one_column_is_a_null(serve: Any, block_bytes: int) -> None:
    served = serve("a\n1\n\n2\n\n", block_bytes=block_bytes)

    assert served.read()["a"].to_pylist() == [1, None, 2, None]


@pytest.mark.parametrize("block_bytes", [1, 2**21])
def test_blank_line_of_several_columns_is_nothing(serve: Any, block_bytes: int) -> None:
    assert serve("a,b\n\n1,2\n\n\n3,4\n\n", block_bytes=block_bytes).read().num_rows == 2


def test_delimiters_quotes_and_escapes_are_options(serve: Any) -> None:
    served = serve("a|b\n'x|''y'|1\nu\\|v|2\n", delimiter="|", quote="'", escape="\\")

    assert served.rows() == [{"a": "x|'y", "b": 1}, {"a": "u|v", "b": 2}]


def test_quotes_are_text_where_there_is_no_quote_character(serve: Any) -> None:
    assert serve('a,b\n"x,1\n', quote="").rows() == [{"a": '"x', "b": 1}]


def test_tsv_is_split_at_tabs(serve: Any) -> None:
    assert serve(gzip.compress(b"a\tb\n1,5\tx\n"), "t.TSV.gz").rows() == [{"a": "1,5", "b": "x"}]


def test_nul_characters_are_text(serve: Any) -> None:
    assert serve("a,b\nx\0y,\0\n").rows() == [{"a": "x\0y", "b": "\0"}]


def test_columns_are_read_in_the_order_asked_for(serve: Any) -> None:
    served = serve("a,b,c\n1,x,NA\n,,2.5\n")

    table = served.read(columns=("c", "a"))

    assert table.schema == pa.schema([served.schema.field("c"), served.schema.field("a")])
    assert table.schema.metadata == served.schema.metadata
    assert table.to_pydict() == {"c": [None, 2.5], "a": [1, None]}


def test_bad_value_in_a_column_that_is_not_read_is_nobodys_concern(serve: Any) -> None:
    served = serve(grid(2000, {1500: "x,1,t"}), infer_bytes=1024)

    assert served.read(columns=("d",)).num_rows == 2000


def test_batches_have_at_most_the_rows_that_are_configured(serve: Any) -> None:
    served = serve(grid(1000, {}), batch_rows=300)

    assert [batch.num_rows for batch in served.batches()] == [300, 300, 300, 100]


def test_every_batch_has_the_announced_schema(serve: Any) -> None:
    served = serve("a,b,c\n1,NA,x\n,2.5,\n" * 1, block_bytes=4)

    assert all(
        batch.schema.equals(served.schema, check_metadata=True) for batch in served.batches()
    )


def test_cure_is_toml_whatever_the_column_is_called(serve: Any) -> None:
    name = 'a "b"\nc.d'
    served = serve(f'"{name.replace(chr(34), chr(34) * 2)}",b\nx,1\n', column_types={name: "int64"})

    with pytest.raises(InvalidData) as caught:
        served.read()

    assert caught.value.column == name
    cure = caught.value.message.partition("set ")[2].partition(" or on_bad_value")[0]
    assert tomllib.loads(cure) == {"column_types": {name: "string"}}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.csv", grid(2000, {}).encode()),
        ("table.csv", grid(2000, {1900: "x,1.5,t"}).encode()),
        ("table.csv", grid(2000, {1900: "1"}).encode()),
        ("table.csv", grid(2000, {1900: '"'}).encode()),
        ("table.csv.gz", gzip.compress(grid(2000, {}).encode())[:-100]),
    ],
    ids=["whole", "bad value", "ragged row", "open quote", "cut off"],
)
def test_a_scan_that_has_ended_keeps_no_batch_until_garbage_is_collected(
    serve: Any, name: str, content: bytes
) -> None:
    served = serve(content, name, infer_bytes=1024, block_bytes=1000)
    assert list(served.types) == ["i", "d", "t"]
    gc.collect()
    gc.disable()
    try:
        before = pa.total_allocated_bytes()
        with suppress(InvalidData):
            deque(served.batches(), maxlen=0)
        deadline = time.monotonic() + 20.0  # a block may still be in a worker
        while pa.total_allocated_bytes() != before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert pa.total_allocated_bytes() == before
    finally:
        gc.enable()
