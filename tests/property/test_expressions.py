"""What a client makes of an expression for servers keeps the rows that Arrow keeps."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream.client.expressions import translate
from flightstream.filters import Filter

VALUES = {
    "n": [None, -1, 0, 1, 2**53 + 1, 7],
    "x": [None, -0.5, 0.0, 1.5, float("nan"), float("inf")],
    "s": [None, "", "a", "o'x", 'say "hi"', "%"],
    "flag": [None, True, False, True, False, None],
    "select": [None, Decimal("1.50"), Decimal("-2"), Decimal(0), Decimal("1.5"), None],
    "day": [None, *(date(2020, month, 1) for month in range(1, 6))],
    "at": [None, *(datetime(2020, month, 1, 12, 30, 0, 5, tzinfo=UTC) for month in range(1, 6))],
}
ROWS = pa.table(
    VALUES,
    schema=pa.schema(
        {
            "n": pa.int64(),
            "x": pa.float64(),
            "s": pa.string(),
            "flag": pa.bool_(),
            "select": pa.decimal128(10, 2),
            "day": pa.date32(),
            "at": pa.timestamp("us", "UTC"),
        }
    ),
)
COMPARISONS = (
    lambda left, right: left == right,
    lambda left, right: left != right,
    lambda left, right: left < right,
    lambda left, right: left <= right,
    lambda left, right: left > right,
    lambda left, right: left >= right,
)


@st.composite
def conditions(draw):
    name = draw(st.sampled_from(ROWS.schema.names))
    column, type_ = pc.field(name), ROWS.schema.field(name).type
    known = [value for value in VALUES[name] if value is not None]
    value = draw(st.sampled_from(known))
    match draw(st.integers(0, 6)):
        case 0:
            return column.is_null(nan_is_null=draw(st.booleans()))
        case 1:
            return column.is_valid()
        case 2:
            values = draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=3))
            return column.isin(pa.array(values, type_))
        case 3:
            return pc.field("flag")
        case 4:
            return draw(st.sampled_from(COMPARISONS))(column, column)
        case 5:
            return draw(st.sampled_from(COMPARISONS))(pc.field("n") + 1, 2)
    return draw(st.sampled_from(COMPARISONS))(column, pa.scalar(value, type_))


EXPRESSIONS = st.recursive(
    conditions(),
    lambda inner: st.one_of(
        inner.map(lambda one: ~one),
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_a_translation_keeps_no_row_less_and_a_whole_one_no_row_more(expression):
    [batch] = ROWS.append_column("row", pa.array(range(len(ROWS)))).to_batches()
    kept = set(batch.filter(expression)["row"].to_pylist())
    known = translate(expression)

    found = set(range(len(ROWS)))
    if known.sql is not None:
        found = set(Filter.bind(known.sql, batch.schema).apply(batch)["row"].to_pylist())
    assert found >= kept
    assert not known.is_whole or found == kept
    assert known.columns is not None


@pytest.mark.parametrize(
    "expression",
    [
        pc.field("s", "inner") == 1,
        pc.field(0) == 1,
        pc.field("x") == float("nan"),
        pc.field("n") == pa.scalar(None, pa.int64()),
        pc.field("s").isin([f"value {n}" for n in range(2000)]),
        pc.match_like(pc.field("s"), "a%"),
    ],
    ids=["nested", "by number", "NaN", "null", "too long", "function"],
)
def test_what_sql_does_not_say_is_left(expression):
    assert translate(expression).sql is None
