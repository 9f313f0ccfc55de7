"""No row is left out that a filter keeps, whatever is known of the blocks of rows."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream import Bounds, Filter
from flightstream.filters.types import comparable_type
from flightstream.testing.strategies import filters, schemas, tables, types

PLAIN = types(nested=False).filter(lambda one: not pa.types.is_null(one))


def bounds_of(blocks: list[pa.Table], name: str, known: list[bool]) -> Bounds | None:
    """Return what a format's statistics would say, NaN left out, and some of it unknown."""
    type_ = blocks[0].schema.field(name).type
    compared = comparable_type(type_)
    if compared is None:
        return None
    lows, highs, nulls, values = [], [], [], []
    for block, is_known in zip(blocks, known, strict=True):
        column = block[name].cast(compared).combine_chunks()
        if pa.types.is_floating(compared):
            plain = (
                column.filter(pc.is_nan(column).fill_null(False).invert())
                if len(column)
                else column
            )
        else:
            plain = column
        both = (
            pc.min_max(plain).as_py()
            if is_known and not pa.types.is_binary(compared) and not _is_wide(compared)
            else {"min": None, "max": None}
        )
        lows.append(both["min"])
        highs.append(both["max"])
        nulls.append(not is_known or column.null_count > 0)
        values.append(not is_known or column.null_count < len(column))
    try:
        low, high = pa.array(lows, compared), pa.array(highs, compared)
    except (pa.ArrowException, OverflowError, ValueError):
        return None
    return Bounds(low, high, pa.array(nulls, pa.bool_()), pa.array(values, pa.bool_()))


def _is_wide(type_: pa.DataType) -> bool:
    return pa.types.is_large_binary(type_) or pa.types.is_fixed_size_binary(type_)


@given(st.data())
def test_no_block_is_left_out_that_has_a_row(data):
    schema = data.draw(schemas(max_columns=3, of=PLAIN))
    blocks = [data.draw(tables(schema, max_rows=4)) for _ in range(data.draw(st.integers(1, 4)))]
    whole = pa.concat_tables(blocks)
    row_filter = Filter.bind(data.draw(filters(schema, whole)), schema)
    known = data.draw(st.lists(st.booleans(), min_size=len(blocks), max_size=len(blocks)))
    bounds = {}
    for name in schema.names:
        if data.draw(st.booleans()) and (one := bounds_of(blocks, name, known)) is not None:
            bounds[name] = one

    verdict = row_filter.may_match(bounds, len(blocks))

    assert (len(verdict), verdict.null_count) == (len(blocks), 0)
    for block, may in zip(blocks, verdict.to_pylist(), strict=True):
        kept = sum(row_filter.apply(batch).num_rows for batch in block.to_batches())
        assert may or not kept


def ints(*pairs: tuple[int, int] | None, nulls: bool = False) -> Bounds:
    return Bounds(
        pa.array([pair and pair[0] for pair in pairs], pa.int64()),
        pa.array([pair and pair[1] for pair in pairs], pa.int64()),
        pa.array([nulls] * len(pairs)),
        pa.array([True] * len(pairs)),
    )


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("n < 5", [True, False, True]),
        ("n <= 5", [True, True, True]),
        ("n > 9", [False, False, True]),
        ("n >= 9", [False, True, True]),
        ("n = 7", [False, True, True]),
        ("n <> 7", [True, True, True]),
        ("n IN (0, 20)", [True, False, True]),
        ("NOT (n < 5)", [False, True, True]),
        ("NOT (n >= 5)", [True, False, True]),
        ("n BETWEEN 4 AND 6 AND n <> 5", [True, True, True]),
        ("n < 2 OR n > 8", [True, True, True]),
        ("n IS NULL", [False, False, False]),
        ("n IS NOT NULL", [True, True, True]),
        ("n = NULL", [False, False, False]),
        ("m = 1 AND n < 5", [True, False, True]),
    ],
)
def test_blocks_that_cannot_match_are_left_out(sql, kept):
    schema = pa.schema([("n", pa.int64()), ("m", pa.int64())])
    row_filter = Filter.bind(sql, schema)

    assert row_filter.may_match({"n": ints((0, 4), (5, 9), None)}, 3).to_pylist() == kept


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("f < 1", [False]),
        ("f = 1", [False]),
        ("f <> 1", [True]),
        ("NOT (f > 1)", [True]),
        ("NOT (f = 3)", [True]),
    ],
)
def test_nan_may_be_in_any_block_of_floats(sql, kept):
    one = pa.array([3.0])
    bounds = Bounds(one, one, pa.array([False]), pa.array([True]))
    row_filter = Filter.bind(sql, pa.schema([("f", pa.float64())]))

    assert row_filter.may_match({"f": bounds}, 1).to_pylist() == kept


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("b%", [False, True, False]),
        ("%", [True] * 3),
        (r"b\%%", [False, True, False]),
        ("_b", [True] * 3),
    ],
)
def test_a_pattern_that_begins_with_text_leaves_out_blocks(pattern, kept):
    low, high = pa.array(["a", "b", "c"]), pa.array(["az", "bz", "cz"])
    bounds = Bounds(low, high, pa.array([False] * 3), pa.array([True] * 3))
    row_filter = Filter.bind(f"s LIKE '{pattern}'", pa.schema([("s", pa.string())]))

    assert row_filter.may_match({"s": bounds}, 3).to_pylist() == kept


def test_values_of_whole_blocks_are_exact():
    bounds = Bounds.of_values(pa.array(["de", None, "no"]))
    row_filter = Filter.bind("NOT (country = 'de')", pa.schema([("country", pa.string())]))

    assert row_filter.may_match({"country": bounds}, 3).to_pylist() == [False, False, True]
