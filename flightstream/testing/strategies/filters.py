"""Filters as SQL text, of the columns that a schema has."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

_OPERATORS = ("=", "<>", "<", "<=", ">", ">=")
_WORDS = st.text("ab%_'\\é", max_size=3)


def filters(schema: pa.Schema, table: pa.Table | None = None) -> st.SearchStrategy[str]:
    """Return a strategy of filters that bind to a schema.

    Args:
        schema: The columns. What cannot be compared is only asked for null.
        table: Where literals are taken from, so that filters keep some rows
            and leave out others.

    .. versionadded:: 0.1
    """

    @cache  # to make a strategy takes longer than to draw from it
    def condition(name: str) -> st.SearchStrategy[str]:
        return _condition(schema.field(name), None if table is None else table[name])

    return st.recursive(
        st.sampled_from(schema.names).flatmap(condition),
        lambda inner: (
            inner.map("NOT ({})".format)
            | st.builds("({}) AND ({})".format, inner, inner)
            | st.builds("({}) OR ({})".format, inner, inner)
        ),
        max_leaves=4,
    )


def _condition(field: pa.Field, column: pa.ChunkedArray | None) -> st.SearchStrategy[str]:
    name = '"' + field.name.replace('"', '""') + '"'
    nulls = st.sampled_from([f"{name} IS NULL", f"{name} IS NOT NULL"])
    literals = _literals(field.type, column)
    if literals is None:
        return nulls
    negated = st.sampled_from(["", "NOT "])
    conditions = nulls | st.builds(
        lambda operator, value: f"{name} {operator} {value}", st.sampled_from(_OPERATORS), literals
    )
    conditions |= st.builds(
        lambda word, values: f"{name} {word}IN ({', '.join(values)})",
        negated,
        st.lists(literals, min_size=1, max_size=3),
    )
    conditions |= st.builds(
        lambda word, low, high: f"{name} {word}BETWEEN {low} AND {high}",
        negated,
        literals,
        literals,
    )
    if _is_text(field.type):
        # A backslash makes the next letter itself, and so may not be the last.
        patterns = _WORDS.map(lambda text: text.replace("\\", "\\\\"))
        conditions |= st.builds(
            lambda word, text: f"{name} {word}LIKE {_quote(text)}", negated, patterns
        )
    return conditions


def _literals(type_: pa.DataType, column: pa.ChunkedArray | None) -> st.SearchStrategy[str] | None:
    edges = _edges(type_)
    if edges is None or column is None:
        return edges
    values = [_literal(type_, value) for value in _values(column)]
    known = sorted({value for value in values if value is not None})
    return st.sampled_from(known) | edges if known else edges


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type) or pa.types.is_time(column.type):
        unit = "us" if column.type.unit == "ns" else column.type.unit  # Python has no more
        zone = pa.types.is_timestamp(column.type)
        cut = pa.timestamp(unit, column.type.tz) if zone else None
        column = column.slice(0, 50)
        column = column.cast(cut or (pa.time64(unit) if unit == "us" else column.type), safe=False)
    return [value for value in column.slice(0, 50).to_pylist() if value is not None]


def _edges(type_: pa.DataType) -> st.SearchStrategy[str] | None:
    is_ = pa.types
    if is_.is_dictionary(type_):
        return _edges(type_.value_type)
    if is_.is_boolean(type_):
        return st.sampled_from(["TRUE", "FALSE"])
    if is_.is_integer(type_) or is_.is_floating(type_) or is_.is_decimal(type_):
        whole = st.integers(-300, 300).map(str)
        return whole | st.sampled_from(["0.5", "-1.5", "1e30"])
    if _is_text(type_):
        return _WORDS.map(_quote)
    if is_.is_date(type_):
        return st.sampled_from(["DATE '1970-01-01'", "DATE '2024-02-29'"])
    if is_.is_timestamp(type_):
        return st.sampled_from(
            ["TIMESTAMP '1970-01-01 00:00:00'", "TIMESTAMP '2024-02-29 12:00:00'"]
        )
    if is_.is_time(type_):
        return st.sampled_from(["'00:00:00'", "'12:30:00'"])
    return None


def _literal(type_: pa.DataType, value: Any) -> str | None:
    match value:
        case bool():
            return str(value).upper()
        case float():
            return repr(value) if isfinite(value) else None
        case int():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case str():
            return _quote(value)
        case datetime():
            moment = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
            zone = "" if value.tzinfo is None else "+00:00"
            return f"'{moment.isoformat(' ')}{zone}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case time():
            return f"'{value.isoformat()}'"
        case _:
            return None


def _is_text(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        return _is_text(type_.value_type)
    return type_ in (pa.string(), pa.large_string(), pa.string_view())


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
