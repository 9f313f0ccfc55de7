"""What filters become when they are bound."""

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from flightstream.errors import InvalidCommand
from flightstream.filters import (
    And,
    Compare,
    CompareColumns,
    Constant,
    Filter,
    In,
    IsNull,
    Like,
    Node,
    Not,
    Or,
)

SCHEMA = pa.schema(
    [
        ("n", pa.int64()),
        ("small", pa.int8()),
        ("price", pa.float64()),
        ("ratio", pa.float32()),
        ("amount", pa.decimal128(5, 2)),
        ("name", pa.string()),
        ("city", pa.dictionary(pa.int32(), pa.string())),
        ("flag", pa.bool_()),
        ("day", pa.date32()),
        ("at", pa.timestamp("ms")),
        ("seen", pa.timestamp("us", "Europe/Berlin")),
        ("lost", pa.timestamp("us", "Mars/Olympus")),
        ("wakes", pa.time32("s")),
        ("blob", pa.binary()),
        ("nothing", pa.null()),
        ("items", pa.list_(pa.int64())),
        ("took", pa.duration("s")),
        ("date", pa.date32()),
        ("two words", pa.int64()),
        ("twice", pa.int64()),
        ("twice", pa.int64()),
    ]
)


def never(column: str) -> Node:
    return And((IsNull(column), Constant(None)))


def always(column: str) -> Node:
    return Or((Not(IsNull(column)), Constant(None)))


def n(value: int) -> pa.Scalar:
    return pa.scalar(value, pa.int64())


def utc(text: str) -> pa.Scalar:
    return pa.scalar(datetime.fromisoformat(text), pa.timestamp("us", "Europe/Berlin"))


TREES = [
    ("n > 1", Compare("n", ">", n(1))),
    ("1 < n", Compare("n", ">", n(1))),
    ("n != -1", Compare("n", "<>", n(-1))),
    ("n = +1.0", Compare("n", "=", n(1))),
    ("n = 1e2", Compare("n", "=", n(100))),
    ("((n)) = (1)", Compare("n", "=", n(1))),
    ("n > 1.5", Compare("n", ">", n(1))),
    ("n >= 1.5", Compare("n", ">", n(1))),
    ("n < 1.5", Compare("n", "<=", n(1))),
    ("n <= -1.5", Compare("n", "<=", n(-2))),
    ("n = 1.5", never("n")),
    ("n <> 1.5", always("n")),
    ("small < 128", always("small")),
    ("small > 127.5", never("small")),
    ("small = -129", never("small")),
    ("n < 1e300", always("n")),
    ("n = NULL", Constant(None)),
    ("n IN (1, 2, 1.0)", In("n", (n(1), n(2)))),
    ("n IN (1, 1.5)", Compare("n", "=", n(1))),
    ("n IN (1.5, 2.5)", never("n")),
    ("n IN (1, NULL)", Or((Compare("n", "=", n(1)), Constant(None)))),
    ("n NOT IN (1)", Not(Compare("n", "=", n(1)))),
    ("1 IN (n, 2)", Compare("n", "=", n(1))),
    ("n BETWEEN 1 AND 2", And((Compare("n", ">=", n(1)), Compare("n", "<=", n(2))))),
    ("1 NOT BETWEEN n AND 3", Not(Compare("n", "<=", n(1)))),
    ('n = "two words"', CompareColumns("n", "=", "two words")),
    ("price = 0.1", Compare("price", "=", pa.scalar(0.1))),
    ("price > 9007199254740993", Compare("price", ">", pa.scalar(2.0**53))),
    ("price = 9007199254740993", never("price")),
    ("price >= 1e400", Compare("price", ">", pa.scalar(1.7976931348623157e308))),
    ("price <= -1e400", Compare("price", "<=", pa.scalar(float("-inf")))),
    ("ratio = 0.1", Compare("ratio", "=", pa.scalar(0.1, pa.float32()))),
    ("ratio < 1e39", Compare("ratio", "<=", pa.scalar(3.4028234663852886e38, pa.float32()))),
    ("amount = 1.5", Compare("amount", "=", pa.scalar(Decimal("1.50"), pa.decimal128(5, 2)))),
    ("amount > 1.505", Compare("amount", ">", pa.scalar(Decimal("1.50"), pa.decimal128(5, 2)))),
    ("amount <= 1000", always("amount")),
    ("name = 'it''s'", Compare("name", "=", pa.scalar("it's"))),
    ("city = 'Ulm'", Compare("city", "=", pa.scalar("Ulm"))),
    ("name LIKE 'a%_'", Like("name", "a%_")),
    (r"name LIKE 'a\%'", Like("name", r"a\\%")),
    (r"name LIKE 'a\%' ESCAPE '\'", Like("name", r"a\%")),
    ("name LIKE 'a!%!!%' ESCAPE '!'", Like("name", r"a\%!%")),
    ("name LIKE NULL", Constant(None)),
    ("flag", Compare("flag", "=", pa.scalar(True))),
    ("NOT flag", Not(Compare("flag", "=", pa.scalar(True)))),
    ("NOT NOT flag", Compare("flag", "=", pa.scalar(True))),
    ("day = '2020-01-31'", Compare("day", "=", pa.scalar(date(2020, 1, 31)))),
    ("day < DATE '2020-01-31'", Compare("day", "<", pa.scalar(date(2020, 1, 31)))),
    ("day < '2020-01-31 12:00'", Compare("day", "<=", pa.scalar(date(2020, 1, 31)))),
    ("date = date '2020-01-31'", Compare("date", "=", pa.scalar(date(2020, 1, 31)))),
    ("at = '2020-01-31'", Compare("at", "=", pa.scalar(datetime(2020, 1, 31), SCHEMA[9].type))),
    (
        "at > TIMESTAMP '2020-01-31T00:00:00.0005'",
        Compare("at", ">", pa.scalar(datetime(2020, 1, 31), SCHEMA[9].type)),
    ),
    ("at = '2020-01-31 00:00:00.0005'", never("at")),
    ("seen = '2020-01-31 12:00Z'", Compare("seen", "=", utc("2020-01-31 12:00+00:00"))),
    ("seen = '2020-07-31 12:00'", Compare("seen", "=", utc("2020-07-31 10:00+00:00"))),
    ("seen = '2020-01-31 12:00'", Compare("seen", "=", utc("2020-01-31 11:00+00:00"))),
    # The clock shows 02:30 twice in October, and the first is meant; never in March.
    ("seen = '2020-10-25 02:30'", Compare("seen", "=", utc("2020-10-25 00:30+00:00"))),
    ("seen = '2020-03-29 02:30'", Compare("seen", "=", utc("2020-03-29 01:30+00:00"))),
    ("wakes < '07:30'", Compare("wakes", "<", pa.scalar(27_000, pa.time32("s")))),
    ("blob = x'00fF'", Compare("blob", "=", pa.scalar(b"\x00\xff"))),
    ("nothing = 1", Constant(None)),
    ("nothing LIKE 'x'", Constant(None)),
    ("nothing", Constant(None)),
    ("items IS NULL", IsNull("items")),
    ("took IS NOT NULL", Not(IsNull("took"))),
    ("NULL IS NULL", Constant(True)),
    ("1 = 1.0", Constant(True)),
    ("'a' > 'b'", Constant(False)),
    ("TRUE = NULL", Constant(None)),
    ("TIMESTAMP '2020-01-01 01:00+01:00' = TIMESTAMP '2020-01-01 00:00Z'", Constant(True)),
    ("DATE '2020-01-01' < TIMESTAMP '2020-01-01 00:00:01'", Constant(True)),
    ("flag AND TRUE", Compare("flag", "=", pa.scalar(True))),
    ("flag AND FALSE", Constant(False)),
    ("flag OR TRUE", Constant(True)),
    ("NULL AND NULL", Constant(None)),
    ("NOT NULL", Constant(None)),
    (
        "flag AND (n = 1 AND small = NULL) OR FALSE",
        And((Compare("flag", "=", pa.scalar(True)), Compare("n", "=", n(1)), Constant(None))),
    ),
]


@pytest.mark.parametrize(("sql", "tree"), TREES)
def test_filter_becomes_its_tree(sql: str, tree: Node) -> None:
    assert Filter.bind(sql, SCHEMA).tree == tree


REFUSED = [
    ("zzz = 1", "unknown column 'zzz': there are 'n', 'small', 'price', 'ratio', 'amount'"),
    ("Price = 1", "unknown column 'Price': did you mean 'price'?"),
    ("prise = 1", "unknown column 'prise': did you mean 'price'?"),
    ("twice = 1", "there are 2 columns with the name 'twice'"),
    ("n = 'x'", "column 'n' is int64: compare it with a number, not with 'x'"),
    ("n = TRUE", "column 'n' is int64: compare it with a number, not with TRUE"),
    ("name = 5", "column 'name' is string: compare it with a string like 'text', not with 5"),
    ("flag = 1", "column 'flag' is bool: compare it with TRUE or FALSE, not with 1"),
    ("day = 5", "column 'day' is date32[day]: compare it with a date like '2020-01-31'"),
    ("day = '31.1.2020'", "compare it with a date like '2020-01-31', not with '31.1.2020'"),
    ("day = '2020-02-30'", "compare it with a date like '2020-01-31', not with '2020-02-30'"),
    ("day = DATE '2020-02-30'", "'2020-02-30' is not a date: write it like '2020-01-31'"),
    ("at = '2020-01-31 24:00'", "compare it with a timestamp like '2020-01-31 10:00:00'"),
    ("at = '2020-01-31 10:00Z'", "compare it with a timestamp like '2020-01-31 10:00:00'"),
    ("seen = '0001-01-01'", "compare it with a timestamp of the years 1 to 9999"),
    ("lost = '2020-01-01'", "column 'lost' is in the time zone 'Mars/Olympus', which is not"),
    ("wakes = '25:00'", "compare it with a time like '10:00:00', not with '25:00'"),
    ("blob = 'x'", "column 'blob' is binary: compare it with a binary literal like x'ff00'"),
    ("blob = x'f'", "the binary literal x'f' is not pairs of hex digits"),
    ("items = 1", "column 'items' is list<item: int64>: a filter can only ask whether it IS"),
    ("took = 1", "column 'took' is duration[s]: a filter can only ask whether it IS NULL"),
    ("n = small", "columns 'n' and 'small' cannot be compared: one is int64, the other int8"),
    ("n", "column 'n' is int64, no condition: compare it with something"),
    ("flag AND 'x'", "the literal 'x' is no condition: compare a column with it"),
    ("n LIKE 'x'", "column 'n' is int64: LIKE needs a string column"),
    ("'x' LIKE 'x'", "LIKE needs a column on its left, not 'x'"),
    ("name LIKE 'a!b' ESCAPE '!'", "in the LIKE pattern 'a!b', '!' must stand before %, _ or"),
    ("name LIKE 'a' ESCAPE 'xx'", "ESCAPE takes a string of one character"),
    ("name LIKE '" + "%_" * 40 + "'", "the LIKE pattern has 80 wildcards, more than 64"),
    ("1 = 'a'", "1 cannot be compared with 'a'"),
    ("n = 1e1001", "the number 1e1001 has more than 1,000 digits"),
]


@pytest.mark.parametrize(("sql", "message"), REFUSED)
def test_refusal_names_what_is_wrong_and_what_would_be_right(sql: str, message: str) -> None:
    with pytest.raises(InvalidCommand) as caught:
        Filter.bind(sql, SCHEMA)

    assert message in str(caught.value)


def test_hidden_column_is_unknown_and_never_suggested() -> None:
    schema = pa.schema([("salary", pa.int64()), ("name", pa.string())])

    with pytest.raises(InvalidCommand) as hidden:
        Filter.bind("salary = 1", schema, visible={"name"})
    with pytest.raises(InvalidCommand) as absent:
        Filter.bind("salery = 1", schema, visible={"name"})

    assert [str(hidden.value), str(absent.value)] == [
        "unknown column 'salary': there are 'name'",
        "unknown column 'salery': there are 'name'",
    ]


def test_hidden_column_is_refused_where_it_would_not_matter() -> None:
    with pytest.raises(InvalidCommand):
        Filter.bind("TRUE OR n = 1", SCHEMA, visible={"flag"})
