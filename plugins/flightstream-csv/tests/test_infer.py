"""Which types a file's columns get."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from flightstream import InvalidData


def column(*texts: str) -> str:
    # A second column, so that an empty text is a field and not a blank line.
    return "".join(f"{text},x\n" for text in ("a", *texts))


@pytest.mark.parametrize(
    ("texts", "type", "values"),
    [
        (["1", "-2", ""], "int64", [1, -2, None]),
        ([" 1", "2 "], "int64", [1, 2]),
        (["9223372036854775807", "-9223372036854775808"], "int64", [2**63 - 1, -(2**63)]),
        (["9223372036854775808", "1"], "decimal128(38, 0)", [Decimal(2**63), Decimal(1)]),
        (["1" * 38], "decimal128(38, 0)", [Decimal("1" * 38)]),
        (["1" * 39, "-5"], "decimal256(76, 0)", [Decimal("1" * 39), Decimal(-5)]),
        (["1" * 77], "string", ["1" * 77]),
        (["00123", "5"], "string", ["00123", "5"]),
        (["-007"], "string", ["-007"]),
        (["0x1F"], "string", ["0x1F"]),
        (["+5"], "string", ["+5"]),
        (["0", "-1"], "int64", [0, -1]),
        (["1", "2.5", ".5", "5.", "1e3"], "double", [1.0, 2.5, 0.5, 5.0, 1000.0]),
        (["00.5"], "string", ["00.5"]),
        (["1e999"], "string", ["1e999"]),
        (["0.5", "9007199254740993"], "string", ["0.5", "9007199254740993"]),
        (["0.5", "9007199254740992"], "double", [0.5, 2.0**53]),
        (["0.5", "100000000000000000000"], "double", [0.5, 1e20]),
        (["1", "inf", "-inf"], "double", [1.0, float("inf"), float("-inf")]),
        (["true", "False", "TRUE", ""], "bool", [True, False, True, None]),
        (["yes", "no"], "string", ["yes", "no"]),
        (["true", "1"], "string", ["true", "1"]),
        (["2024-02-29", ""], "date32[day]", [date(2024, 2, 29), None]),
        (["2023-02-29"], "string", ["2023-02-29"]),
        (["2024-01-02 03:04"], "timestamp[us]", [datetime(2024, 1, 2, 3, 4)]),
        (
            ["2024-01-02T03:04:05.123456", "2024-01-02"],
            "timestamp[us]",
            [datetime(2024, 1, 2, 3, 4, 5, 123456), datetime(2024, 1, 2)],
        ),
        (
            ["2024-01-02T03:04:05Z", "2024-01-02 03:04:05+01:00"],
            "timestamp[us, tz=UTC]",
            [
                datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
                datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC),
            ],
        ),
        (["2024-01-02T03:04:05Z", "2024-01-02T03:04:05"], "string", None),
        (["2024-01-02 24:00:00"], "string", None),
        (["3024-01-02 03:04:05.1234567"], "string", None),
        (["12:30:00"], "string", ["12:30:00"]),
        (["1", "x"], "string", ["1", "x"]),
        (["", ""], "string", [None, None]),
        (['""', ""], "string", ["", None]),
        (["a", '""', ""], "string", ["a", "", None]),
    ],
)  # fmt: skip
def test_type_holds_every_value_exactly(
    serve: Any, texts: list[str], type: str, values: list[Any] | None
) -> None:
    served = serve(column(*texts))

    assert served.types["a"] == type
    if values is not None:
        assert served.read()["a"].to_pylist() == values


def test_nanoseconds_are_kept_where_there_are_more_than_six_digits(serve: Any) -> None:
    served = serve(column("2024-01-02T03:04:05.123456789", "2024-01-02"))

    assert served.types["a"] == "timestamp[ns]"
    assert served.read()["a"].cast("int64").to_pylist() == [
        1704164645123456789,
        1704153600000000000,
    ]


@pytest.mark.parametrize(
    ("texts", "type", "values"),
    [
        (["1", "NA", "N/A"], "int64", [1, None, None]),
        (["1", '"NA"'], "int64", [1, None]),
        (["1", '""'], "int64", [1, None]),
        (["2024-01-01", "NaN"], "date32[day]", [date(2024, 1, 1), None]),
        (["true", "null"], "bool", [True, None]),
        (["NA", "x"], "string", ["NA", "x"]),
        (["NA", "NULL"], "string", ["NA", "NULL"]),
        (["1", "missing"], "string", ["1", "missing"]),
    ],
)
def test_usual_nulls_are_adopted_only_where_the_column_is_no_text_then(
    serve: Any, texts: list[str], type: str, values: list[Any]
) -> None:
    served = serve(column(*texts))

    assert served.types["a"] == type
    assert served.read()["a"].to_pylist() == values


def test_nan_is_a_double_and_no_null(serve: Any) -> None:
    served = serve(column("1", "NaN"))

    assert served.types["a"] == "double"
    assert served.schema.metadata is None
    assert str(served.read()["a"].to_pylist()) == "[1.0, nan]"


def test_adopted_nulls_are_in_the_metadata_and_leave_text_columns_alone(
    serve: Any,
) -> None:
    served = serve("country,n\nNA,1\nDE,NA\n,2\n")

    metadata = served.schema.metadata
    assert json.loads(metadata[b"flightstream.csv.null_values"]) == ["NA"]
    assert served.rows() == [
        {"country": "NA", "n": 1},
        {"country": "DE", "n": None},
        {"country": None, "n": 2},
    ]
    assert served.read().schema.metadata == metadata


def test_given_nulls_are_null_in_every_column_but_not_in_quoted_text(
    serve: Any,
) -> None:
    served = serve('t,n\n?,1\n"?",?\n', null_values=("?",))

    assert served.rows() == [{"t": None, "n": 1}, {"t": "?", "n": None}]


def test_no_null_is_adopted_where_the_list_is_empty(serve: Any) -> None:
    assert serve(column("1", "NA"), null_values=()).types["a"] == "string"


def test_own_truths_are_booleans(serve: Any) -> None:
    served = serve(column("1", "0"), true_values=("1",), false_values=("0",))

    assert served.read()["a"].to_pylist() == [True, False]


def test_decimal_comma_is_read_as_a_double(serve: Any) -> None:
    served = serve("a;b\n1,5;2\n-0,25;3\n", delimiter=";", decimal_point=",")

    assert served.types == {"a": "double", "b": "int64"}
    assert served.read()["a"].to_pylist() == [1.5, -0.25]


def test_decimal_comma_does_not_make_a_point_a_number(serve: Any) -> None:
    assert serve("a;b\n1.5;2\n", delimiter=";", decimal_point=",").types["a"] == "string"


@pytest.mark.parametrize(
    ("formats", "texts", "type", "values"),
    [
        (("%d.%m.%Y",), ["31.12.2023", "2024-01-01"], "date32[day]", [date(2023, 12, 31), date(2024, 1, 1)]),
        (("%d.%m.%Y %H:%M",), ["31.12.2023 23:59"], "timestamp[us]", [datetime(2023, 12, 31, 23, 59)]),
        (
            ("%d.%m.%Y %H:%M", "%d.%m.%Y"),
            ["31.12.2023 23:59", "1.2.2023"],
            "timestamp[us]",
            [datetime(2023, 12, 31, 23, 59), datetime(2023, 2, 1)],
        ),
        (
            ("%d.%m.%Y",),
            ["31.12.2023", "2024-01-01 10:00"],
            "timestamp[us]",
            [datetime(2023, 12, 31), datetime(2024, 1, 1, 10)],
        ),
        (("%d.%m.%Y",), ["31.02.2023"], "string", ["31.02.2023"]),
        (("%m/%d/%Y", "%d/%m/%Y"), ["12/31/2023", "31/12/2023"], "date32[day]", [date(2023, 12, 31)] * 2),
        (
            ("%Y%m%d %H%M%S%z",),
            ["20230102 030405+0100"],
            "timestamp[us, tz=UTC]",
            [datetime(2023, 1, 2, 2, 4, 5, tzinfo=UTC)],
        ),
    ],
)  # fmt: skip
def test_timestamp_formats_are_tried_in_order(
    serve: Any, formats: tuple[str, ...], texts: list[str], type: str, values: list[Any]
) -> None:
    served = serve(column(*texts), timestamp_formats=formats)

    assert served.types["a"] == type
    assert served.read()["a"].to_pylist() == values


@pytest.mark.parametrize(
    ("type", "text"),
    [("date32", "31.12.2023 10:00"), ("timestamp[s]", "2023-12-31 10:00:00.5"), ("timestamp[ns]", "31.12.9999 10:00")],
)  # fmt: skip
def test_given_type_takes_no_format_that_would_lose_something(
    serve: Any, type: str, text: str
) -> None:
    served = serve(
        column(text, "31.12.2023 00:00"),
        column_types={"a": type},
        timestamp_formats=("%d.%m.%Y %H:%M",),
        on_bad_value="null",
    )

    assert [value is None for value in served.read()["a"].to_pylist()] == [True, False]


def test_given_types_are_not_inferred(serve: Any) -> None:
    served = serve(
        "zip,n,price,when\n00123,7,1.50,12:30:00\n",
        column_types={
            "zip": "int32",
            "n": "string",
            "price": "decimal128(10, 2)",
            "when": "time32[s]",
            "absent": "int64",
        },
    )

    assert served.types == {
        "zip": "int32",
        "n": "string",
        "price": "decimal128(10, 2)",
        "when": "time32[s]",
    }
    assert served.read()["price"].to_pylist() == [Decimal("1.50")]
    assert served.read()["zip"].to_pylist() == [123]


def test_end_of_a_large_file_is_evidence(serve: Any) -> None:
    rows = "".join(f"{number},x\n" for number in range(50_000))

    assert serve(f"a,b\n{rows}1.5,x\n", infer_bytes=16_384).types["a"] == "double"


def test_middle_of_a_large_file_is_evidence(serve: Any) -> None:
    some = "".join(f'{number},"x, y"\n' for number in range(20_000))
    other = "".join(f'{number}.5,"x, y"\n' for number in range(20_000))

    assert serve(f"a,b\n{some}{other}{some}", infer_bytes=16_384).types["a"] == "double"


def test_lines_inside_quotes_are_no_evidence(serve: Any) -> None:
    text = "word,word\n" * 2_000
    rows = "".join(f'{number},"{text}"\n' for number in range(40))

    assert serve(f"a,b\n{rows}", infer_bytes=65_536).types["a"] == "int64"


def test_compressed_file_is_judged_by_its_head(serve: Any) -> None:
    import gzip

    rows = "".join(f"{number},x\n" for number in range(50_000))
    content = gzip.compress(f"a,b\n{rows}1.5,x\n".encode())

    served = serve(content, "table.csv.gz", infer_bytes=16_384)

    assert served.types["a"] == "int64"


def test_five_thousand_columns_are_inferred_and_read(serve: Any) -> None:
    names = [f"c{number}" for number in range(5_000)]
    row = ["1", "x", "2.5", "2024-01-01", "true"] * 1_000
    served = serve("\n".join(map(",".join, (names, row, row))))

    assert set(served.types.values()) == {
        "int64",
        "string",
        "double",
        "date32[day]",
        "bool",
    }
    assert served.read().num_rows == 2


def test_too_many_columns_are_refused_before_they_take_memory(serve: Any) -> None:
    served = serve("," * 40_000 + "\n")

    with pytest.raises(InvalidData) as caught:
        served.ask()

    assert caught.value.message == (
        "the file 'table.csv' has 40,001 columns, more than 32,768: check the option 'delimiter'"
    )


def test_delimiters_in_quotes_make_no_columns(serve: Any) -> None:
    text = "," * 40_000

    assert serve(f'1,"{text}"\n', header=False).rows() == [{"column_1": 1, "column_2": text}]
