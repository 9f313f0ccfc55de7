"""Arrow types, schemas and tables: every type but unions and extensions."""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st

_UNITS = ("s", "ms", "us", "ns")
_ZONES = (None, "UTC", "+01:30", "Europe/Oslo")
_DAY = 86_400
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_BLOBS = st.binary(max_size=4)
_PLAIN = (
    pa.null(), pa.bool_(),
    pa.int8(), pa.int16(), pa.int32(), pa.int64(),
    pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(),
    pa.float16(), pa.float32(), pa.float64(),
    pa.decimal32(5, 2), pa.decimal64(12, 0), pa.decimal128(20, 2), pa.decimal256(50, 10),
    pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.binary(3),
    pa.date32(), pa.date64(),
    pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"),
    *(pa.timestamp(unit, zone) for unit in _UNITS for zone in _ZONES),
    *(pa.duration(unit) for unit in _UNITS),
    pa.month_day_nano_interval(),
)  # fmt: skip
_WHOLE_ONLY = (
    pa.string_view(), pa.binary_view(),
    pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.int64()),
    pa.run_end_encoded(pa.int32(), pa.string()),
)  # fmt: skip


def types(*, nested: bool = True) -> st.SearchStrategy[pa.DataType]:
    """Return a strategy of Arrow types; the simplest come first.

    .. versionadded:: 0.1
    """
    plain = st.sampled_from(_PLAIN)
    if not nested:
        return plain | st.sampled_from(_WHOLE_ONLY)
    return st.recursive(plain, _nested, max_leaves=4) | st.sampled_from(_WHOLE_ONLY)


def schemas(
    *,
    min_columns: int = 1,
    max_columns: int = 6,
    of: st.SearchStrategy[pa.DataType] | None = None,
) -> st.SearchStrategy[pa.Schema]:
    """Return a strategy of schemas, with names that want quoting among others.

    .. versionadded:: 0.1
    """
    names = st.sampled_from(["a", "B", "order by", 'q"q', "größe", "x.y"]) | _WORDS.filter(bool)
    column = st.tuples(names, types() if of is None else of, st.booleans())
    columns = st.lists(
        column, min_size=min_columns, max_size=max_columns, unique_by=lambda one: one[0]
    )
    return columns.map(_schema)


def arrays(type_: pa.DataType, rows: int, *, nullable: bool = True) -> st.SearchStrategy[pa.Array]:
    """Return a strategy of arrays of one type and length.

    .. versionadded:: 0.1
    """
    cells = _cells(type_) if not nullable else st.none() | _cells(type_)
    return st.lists(cells, min_size=rows, max_size=rows).map(lambda values: _array(values, type_))


@st.composite
def tables(
    draw: st.DrawFn,
    schema: pa.Schema | st.SearchStrategy[pa.Schema] | None = None,
    *,
    max_rows: int = 12,
) -> pa.Table:
    """Draw a table, of a schema if one is given.

    .. versionadded:: 0.1
    """
    wanted = draw(schemas()) if schema is None else schema
    if not isinstance(wanted, pa.Schema):
        wanted = draw(wanted)
    rows = draw(st.integers(0, max_rows))
    columns = [draw(arrays(field.type, rows, nullable=field.nullable)) for field in wanted]
    return pa.Table.from_arrays(columns, schema=wanted)


def _schema(columns: list[tuple[str, pa.DataType, bool]]) -> pa.Schema:
    return pa.schema(
        pa.field(name, type_, nullable=nullable or type_ == pa.null())
        for name, type_, nullable in columns
    )


def _nested(inner: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    wrapped: list[Callable[[pa.DataType], pa.DataType]] = [
        pa.list_,
        pa.large_list,
        lambda item: pa.list_(item, 2),
        lambda item: pa.map_(pa.string(), item),
    ]
    lists = st.builds(lambda wrap, item: wrap(item), st.sampled_from(wrapped), inner)
    structs = st.lists(inner, min_size=1, max_size=3).map(
        lambda fields: pa.struct([(f"f{n}", field) for n, field in enumerate(fields)])
    )
    return lists | structs


def _array(values: list[Any], type_: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(type_):
        return pa.array(values, type_.value_type).dictionary_encode().cast(type_)
    if pa.types.is_run_end_encoded(type_):
        return pc.run_end_encode(pa.array(values, type_.value_type), type_.run_end_type)
    return pa.array(values, type_)


@lru_cache  # to make a strategy takes longer than to draw from it
def _cells(type_: pa.DataType) -> st.SearchStrategy[Any]:
    """Return a strategy of values that are not null, as ``pa.array`` takes them."""
    is_ = pa.types
    if is_.is_null(type_):
        return st.none()
    if is_.is_boolean(type_):
        return st.booleans()
    if is_.is_integer(type_):
        low = -(2 ** (type_.bit_width - 1)) if is_.is_signed_integer(type_) else 0
        return st.integers(-2 if low else 0, 3) | st.integers(low, low + 2**type_.bit_width - 1)
    if is_.is_floating(type_):
        return st.sampled_from([0.0, 1.5, -2.0]) | st.floats(width=type_.bit_width)
    if is_.is_decimal(type_):
        units = 10**type_.precision - 1
        return st.integers(-units, units).map(lambda n: Decimal(f"{n}e{-type_.scale}"))
    if is_.is_dictionary(type_) or is_.is_run_end_encoded(type_):
        return _cells(type_.value_type)
    if is_.is_nested(type_):
        return _nested_cells(type_)
    if is_.is_fixed_size_binary(type_):
        return st.binary(min_size=type_.byte_width, max_size=type_.byte_width)
    if type_ in (pa.string(), pa.large_string(), pa.string_view()):
        return _WORDS
    if type_ in (pa.binary(), pa.large_binary(), pa.binary_view()):
        return _BLOBS
    return _temporal_cells(type_)


def _temporal_cells(type_: pa.DataType) -> st.SearchStrategy[Any]:
    is_ = pa.types
    if is_.is_interval(type_):
        parts = st.integers(-100, 100)
        return st.builds(lambda *own: pa.MonthDayNano(own), parts, parts, parts)
    if is_.is_date(type_):
        days = st.integers(-3, 3) | st.integers(-700_000, 2_900_000)
        return days if is_.is_date32(type_) else days.map(lambda day: day * _DAY * 1000)
    second = _PER_SECOND[type_.unit]
    if is_.is_time(type_):
        return st.integers(0, _DAY * second - 1)
    # What Python can show too; nanoseconds end in the year 2262.
    most = 9_000_000_000 * second
    return st.integers(-3 * second, 3 * second) | st.integers(-most, most)


def _nested_cells(type_: pa.DataType) -> st.SearchStrategy[Any]:
    is_ = pa.types
    if is_.is_struct(type_):
        return st.fixed_dictionaries({field.name: _cells(field.type) for field in type_})
    if is_.is_map(type_):
        pairs = st.tuples(_WORDS, _cells(type_.item_type))
        return st.lists(pairs, max_size=2, unique_by=lambda pair: pair[0])
    items = _cells(type_.value_type)
    if is_.is_fixed_size_list(type_):
        return st.lists(items, min_size=type_.list_size, max_size=type_.list_size)
    return st.lists(items, max_size=2)
