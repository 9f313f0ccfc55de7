"""Filters against a plain-Python model of SQL's three-valued logic."""

import math
import operator
import re
import struct
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from attrs import field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from flightstream.filters import Filter

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NAMES = ["a", "B", "order by", 'q"q', "and", "date", "größe", "null", "x.y", "-- ;"]


@frozen
class Kind:
    """A type with its cells and literals, and what each is in the model."""

    type: pa.DataType
    cells: st.SearchStrategy[Any]
    literals: st.SearchStrategy[str]
    cell: Callable[[Any], Any]
    literal: Callable[[str], Any]
    storage: pa.DataType = field(kw_only=True)

    @storage.default
    def _same(self) -> pa.DataType:
        return self.type

    def array(self, cells: list[Any]) -> pa.Array:
        return pa.array(cells, self.storage).cast(self.type)


def same(value: Any) -> Any:
    return value


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def unquote(text: str) -> str:
    return text[1:-1].replace("''", "'")


def seconds(text: str) -> Fraction:
    """Read ``'YYYY-MM-DD[ HH:MM:SS[.f]][+HH:MM]'``, whatever word stands before it."""
    pattern = r"\w*\s?'(\S{10})(?:[ T](\d\d):(\d\d):(\d\d)(\.\d+)?)?(?:([+-])(\d\d):(\d\d))?'"
    match = re.fullmatch(pattern, text)
    assert match is not None
    total = Fraction((date.fromisoformat(match[1]) - date(1970, 1, 1)).days * 86_400)
    if match[2]:
        total += int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4])
        total += Fraction("0" + (match[5] or ".0"))
    if match[6]:
        offset = int(match[7]) * 3600 + int(match[8]) * 60
        total += -offset if match[6] == "+" else offset
    return total


def in_units(number: int) -> Callable[[int], Fraction]:
    return lambda value: Fraction(value, number)


def nearest(code: str) -> Callable[[str], Any]:
    def literal(text: str) -> Any:
        if text.lstrip("-").isdigit():
            return int(text)
        try:
            return struct.unpack(code, struct.pack(code, float(text)))[0]
        except OverflowError:
            return Fraction(text)

    return lambda text: Fraction(text) if math.isinf(float(text)) else literal(text)


def integer(type_: pa.DataType) -> Kind:
    low = -(2 ** (type_.bit_width - 1)) if pa.types.is_signed_integer(type_) else 0
    high = low + 2**type_.bit_width - 1
    edges = st.sampled_from([low, high]) | st.integers(max(low, -3), 3)
    return Kind(type_, edges | st.integers(low, high), numbers(low, high), same, Fraction)


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    near = st.integers(-4, 4) | st.builds(
        operator.add, st.sampled_from([low, high, 2**53, 10**400]), st.integers(-2, 2)
    )
    tails = st.sampled_from(["", "", ".", ".0", ".5", ".000001", "e0", "e-1", ".5e1"])
    return st.builds("{}{}".format, near, tails) | st.sampled_from([".5", "-.5", "1e30", "-1e-30"])


def floating(type_: pa.DataType, code: str) -> Kind:
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 2.0**53, 0.1, 0.5, 1.0]
    stored = st.sampled_from(special).map(lambda value: shrink(value, code))
    edges = {16: 65504, 32: 2**128 - 2**104, 64: 2**1024 - 2**971}[type_.bit_width]
    literals = numbers(-edges, edges) | st.sampled_from(["0.1", "1e400", "-1e400", "1e39"])
    cells = stored | st.floats(width=type_.bit_width) | st.sampled_from([edges, -edges]).map(float)
    return Kind(type_, cells, literals, same, nearest(code))


def shrink(value: float, code: str) -> float:
    try:
        return float(struct.unpack(code, struct.pack(code, value))[0])
    except OverflowError:
        return math.inf


def decimal(type_: pa.DataType) -> Kind:
    units = 10**type_.precision - 1
    cells = st.integers(-units, units) | st.integers(-300, 300)
    ends = units // 10**type_.scale
    return Kind(
        type_,
        cells.map(lambda n: Decimal(f"{n}e{-type_.scale}")),
        numbers(-ends, ends) | st.integers(-310, 310).map(lambda n: f"{n / 100:.3f}"),
        Fraction,
        Fraction,
    )


words = st.text("ab%_\\'\né", max_size=4)
strings = words.map(quote)
blobs = st.binary(max_size=2).map(lambda data: f"x'{data.hex()}'")
dates = st.sampled_from(["1969-12-31", "1970-01-01", "1970-01-02", "0001-01-01", "9999-12-31"])
clocks = st.sampled_from(
    [
        "00:00:00",
        "00:00:01",
        "12:00:00",
        "23:59:59",
        "00:00:00.5",
        "00:00:00.0000005",
        "00:00:00.000000001",
        "00:00:01.0000000005",
        "23:59:59.999999999999",
    ]
)
stamps = st.builds("'{}{}{}'".format, dates, st.sampled_from(" T"), clocks)
plain_stamps = (
    stamps | stamps.map("TIMESTAMP {}".format) | dates.map(quote) | dates.map("DATE '{}'".format)
)
zones = st.sampled_from(["+00:00", "+01:00", "-00:30"])
zoned_stamps = plain_stamps | st.builds("'1970-01-01 {}{}'".format, clocks, zones)


def timestamp(unit: str, zone: str | None) -> Kind:
    units = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    cells = st.sampled_from([0, 1, -1, units, -units, 43200 * units, 2**63 - 1, 1 - 2**63])
    literals = plain_stamps if zone is None else zoned_stamps
    return Kind(pa.timestamp(unit, zone), cells, literals, in_units(units), seconds)


def time(type_: pa.DataType) -> Kind:
    units = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[type_.unit]
    cells = st.sampled_from([0, 1, units, 43200 * units, 86_400 * units - 1])
    literals = clocks.map(quote)
    return Kind(
        type_, cells, literals, in_units(units), lambda text: seconds(f"'1970-01-01 {text[1:]}")
    )


def text(type_: pa.DataType) -> Kind:
    # UTF-8 sorts as code points do, and so does Python.
    return Kind(type_, words, strings, same, unquote, storage=pa.string())


def blob(type_: pa.DataType) -> Kind:
    size = type_.byte_width if pa.types.is_fixed_size_binary(type_) else -1
    cells = st.binary(max_size=2) if size < 0 else st.binary(min_size=size, max_size=size)
    storage = type_ if size > 0 else pa.binary()
    return Kind(type_, cells, blobs, same, lambda s: bytes.fromhex(s[2:-1]), storage=storage)


BOOLEAN = Kind(
    pa.bool_(), st.booleans(), st.sampled_from(["TRUE", "false"]), same, lambda s: s == "TRUE"
)
KINDS = [
    BOOLEAN,
    *map(integer, (pa.int8(), pa.uint8(), pa.int32(), pa.int64(), pa.uint64())),
    floating(pa.float16(), "<e"),
    floating(pa.float32(), "<f"),
    floating(pa.float64(), "<d"),
    *map(decimal, (pa.decimal32(5, 2), pa.decimal64(12, 0), pa.decimal128(5, 5))),
    *map(decimal, (pa.decimal128(20, 2), pa.decimal256(50, 2))),
    *map(text, (pa.string(), pa.large_string(), pa.string_view())),
    text(pa.dictionary(pa.int8(), pa.string())),
    *map(blob, (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(2))),
    Kind(pa.date32(), st.integers(-2, 2), plain_stamps, same, lambda s: seconds(s) / 86_400),
    Kind(
        pa.date64(),
        st.integers(-2, 2).map(lambda day: day * 86_400_000),
        plain_stamps,
        lambda value: value // 86_400_000,
        lambda s: seconds(s) / 86_400,
    ),
    *(timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC")),
    *map(time, (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"))),
]
Model = Callable[[dict[str, Any]], bool | None]


@frozen
class Condition:
    """Some SQL, and what it means for a row."""

    sql: str
    model: Model


@st.composite
def conditions(draw: st.DrawFn, kinds: dict[str, Kind]) -> Condition:
    """Return one condition without AND, OR and NOT in front."""
    name = draw(st.sampled_from(sorted(kinds)))
    kind = kinds[name]
    column = '"' + name.replace('"', '""') + '"'
    negated = draw(st.booleans())
    word = " NOT" if negated else ""
    shape = draw(st.sampled_from(["compare", "flip", "null", "in", "between", "like", "columns"]))
    literals = kind.literals | st.just("NULL")

    def value(row: dict[str, Any]) -> Any:
        return None if row[name] is None else kind.cell(row[name])

    def compared(sign: str, literal: str) -> Model:
        other = None if literal == "NULL" else kind.literal(literal)
        return lambda row: compare(sign, value(row), other)

    if shape == "in":
        items = draw(st.lists(literals, min_size=1, max_size=5))
        found = either([compared("=", item) for item in items])
        return Condition(f"{column}{word} IN ({', '.join(items)})", maybe_not(negated, found))
    if shape == "between":
        low, high = draw(literals), draw(literals)
        within = both([compared(">=", low), compared("<=", high)])
        return Condition(f"{column}{word} BETWEEN {low} AND {high}", maybe_not(negated, within))
    if shape == "null":
        return Condition(f"{column} IS{word} NULL", lambda row: (row[name] is None) != negated)
    if shape == "like" and kind.literal is unquote:
        pattern = draw(words)
        matched = like(pattern)
        return Condition(
            f"{column}{word} LIKE {quote(pattern)}",
            maybe_not(negated, lambda row: None if row[name] is None else matched(row[name])),
        )
    if shape == "columns":
        others = [other for other in sorted(kinds) if kinds[other].type == kind.type]
        other, sign = draw(st.sampled_from(others)), draw(st.sampled_from(sorted(OPERATORS)))
        escaped = other.replace('"', '""')
        return Condition(
            f'{column}{sign}"{escaped}"',
            lambda row: compare(
                sign, value(row), None if row[other] is None else kinds[other].cell(row[other])
            ),
        )
    if kind is BOOLEAN and negated:
        return Condition(column, value)
    sign, literal = draw(st.sampled_from(sorted(OPERATORS))), draw(literals)
    if shape == "flip":
        flipped = sign.translate(str.maketrans("<>", "><")) if sign != "<>" else sign
        return Condition(f"{literal} {flipped} {column}", compared(sign, literal))
    return Condition(f"{column} {sign} {literal}", compared(sign, literal))


def filters(kinds: dict[str, Kind]) -> st.SearchStrategy[Condition]:
    constants = st.sampled_from(
        [
            Condition(sql, constant(value))
            for sql, value in (("TRUE", True), ("FALSE", False), ("NULL", None), ("1 > 2", False))
        ]
    )
    leaves = st.one_of(*[conditions(kinds)] * 6, constants)
    return st.recursive(
        leaves,
        lambda inner: (
            inner.map(lambda c: Condition(f"NOT ({c.sql})", maybe_not(True, c.model)))
            | st.lists(inner, min_size=2, max_size=3).map(
                lambda cs: Condition(
                    " AND ".join(f"({c.sql})" for c in cs), both([c.model for c in cs])
                )
            )
            | st.lists(inner, min_size=2, max_size=3).map(
                lambda cs: Condition(
                    " OR ".join(f"({c.sql})" for c in cs), either([c.model for c in cs])
                )
            )
        ),
        max_leaves=6,
    )


def constant(value: bool | None) -> Model:
    return lambda row: value


def compare(sign: str, left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else OPERATORS[sign](left, right)


def maybe_not(negated: bool, model: Model) -> Model:
    def swapped(row: dict[str, Any]) -> bool | None:
        truth = model(row)
        return None if truth is None else truth != negated

    return swapped


def both(models: list[Model]) -> Model:
    def all_of(row: dict[str, Any]) -> bool | None:
        truths = [model(row) for model in models]
        return False if False in truths else None if None in truths else True

    return all_of


def either(models: list[Model]) -> Model:
    def any_of(row: dict[str, Any]) -> bool | None:
        truths = [model(row) for model in models]
        return True if True in truths else None if None in truths else False

    return any_of


def like(pattern: str) -> Callable[[str], bool]:
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(sign) or re.escape(sign) for sign in pattern)
    return lambda value: re.fullmatch(expression, value, re.DOTALL) is not None


@st.composite
def cases(draw: st.DrawFn) -> tuple[pa.RecordBatch, list[dict[str, Any]], Condition]:
    """Return a batch, its rows as the model sees them, and a filter on it."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    few = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    kinds = {name: draw(st.sampled_from(few)) for name in names}
    count = draw(st.integers(0, 8))
    cells = {
        name: draw(st.lists(st.none() | kind.cells, min_size=count, max_size=count))
        for name, kind in kinds.items()
    }
    schema = pa.schema([(name, kind.type) for name, kind in kinds.items()])
    batch = pa.RecordBatch.from_arrays(
        [kind.array(cells[name]) for name, kind in kinds.items()], schema=schema
    )
    rows = [{name: cells[name][index] for name in names} for index in range(count)]
    return batch, rows, draw(filters(kinds))


@pytest.mark.parametrize("kind", KINDS, ids=[str(kind.type) for kind in KINDS])
@settings(max_examples=50, deadline=None)
@given(st.data())
def test_each_type_is_compared_as_the_model_says(kind: Kind, data: st.DataObject) -> None:
    cells = data.draw(st.lists(st.none() | kind.cells, min_size=1, max_size=12))
    batch = pa.record_batch({"a": kind.array(cells), "b": kind.array(cells[::-1])})
    rows = [{"a": a, "b": b} for a, b in zip(cells, reversed(cells), strict=True)]
    asked = data.draw(st.lists(conditions({"a": kind, "b": kind}), min_size=5, max_size=10))

    masks = [Filter.bind(one.sql, batch.schema).mask(batch).to_pylist() for one in asked]

    assert masks == [[one.model(row) for row in rows] for one in asked]


@settings(max_examples=150, deadline=None)
@given(cases())
def test_mask_is_what_the_model_says(
    case: tuple[pa.RecordBatch, list[dict[str, Any]], Condition],
) -> None:
    batch, rows, condition = case

    bound = Filter.bind(condition.sql, batch.schema)

    assert bound.mask(batch).to_pylist() == [condition.model(row) for row in rows]


@settings(max_examples=120, deadline=None)
@given(cases())
def test_expression_and_apply_keep_the_rows_of_the_mask(
    case: tuple[pa.RecordBatch, list[dict[str, Any]], Condition],
) -> None:
    batch, _, condition = case
    numbered = batch.append_column("#", pa.array(range(batch.num_rows), pa.int64()))
    bound = Filter.bind(condition.sql, numbered.schema)
    kept = [index for index, truth in enumerate(bound.mask(batch).to_pylist()) if truth]

    # Arrow itself cannot filter views, so only what is asked for is scanned.
    scanner = ds.dataset(pa.Table.from_batches([numbered])).scanner
    scanned = scanner(columns=["#"], filter=bound.expression()) if not has_views(batch) else None

    assert bound.apply(numbered)["#"].to_pylist() == kept
    assert scanned is None or scanned.to_table()["#"].to_pylist() == kept


@settings(max_examples=100, deadline=None)
@given(cases(), st.integers(0, 8), st.integers(0, 8))
def test_slice_of_a_batch_has_that_slice_of_the_mask(
    case: tuple[pa.RecordBatch, list[dict[str, Any]], Condition], offset: int, length: int
) -> None:
    batch, _, condition = case
    bound = Filter.bind(condition.sql, batch.schema)

    part = batch.slice(min(offset, batch.num_rows), length)

    whole = bound.mask(batch).to_pylist()
    assert bound.mask(part).to_pylist() == whole[offset : offset + length]


@settings(max_examples=150, deadline=None)
@given(cases())
def test_text_of_a_filter_binds_to_an_equal_filter(
    case: tuple[pa.RecordBatch, list[dict[str, Any]], Condition],
) -> None:
    batch, _, condition = case
    bound = Filter.bind(condition.sql, batch.schema)

    again = Filter.bind(str(bound), batch.schema)

    assert (again, hash(again), str(again)) == (bound, hash(bound), str(bound))


def has_views(batch: pa.RecordBatch) -> bool:
    return any(type_ in (pa.string_view(), pa.binary_view()) for type_ in batch.schema.types)
