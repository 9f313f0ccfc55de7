"""Turn a comparison with a literal into one with a scalar of the column's type.

All types but text are numbers on a grid: integers, decimals in units of their
scale, dates in days, timestamps in their unit, floats where they happen to lie.
A literal is read exactly; where it falls between two values of the grid, or
beyond its ends, the comparison is rewritten so that it means the same.
"""

import math
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pyarrow as pa
from attrs import frozen
from pyarrow import types

from flightstream.errors import InvalidCommand
from flightstream.filters.floats import place
from flightstream.filters.lexer import shorten
from flightstream.filters.moments import (
    DAY_SECONDS,
    UNITS,
    Moment,
    find_zone,
    parse_clock,
    parse_moment,
)
from flightstream.filters.syntax import Value
from flightstream.filters.tree import Compare, Constant, Node, Operator, always, never
from flightstream.filters.types import value_type

MAX_DIGITS = 1_000


@frozen
class Column:
    """A column that a filter names, with the type it is compared as."""

    name: str
    type: pa.DataType
    written_type: pa.DataType

    @property
    def float_bits(self) -> int:
        """How wide its floats are where they are stored."""
        is_half = pa.float16() in (self.written_type, value_type(self.written_type))
        return 16 if is_half else int(self.type.bit_width)


def compare(column: Column, operator: Operator, value: Value) -> Node:
    """Return ``column operator value``, meaning exactly what it says.

    Raises:
        InvalidCommand: The value is not of the column's kind.
    """
    type_ = column.type
    if value.kind == "null" or types.is_null(type_):
        return Constant(None)
    if types.is_boolean(type_):
        truth = _expect(column, value, "boolean", "TRUE or FALSE").text == "TRUE"
        return Compare(column.name, operator, pa.scalar(truth))
    if types.is_string(type_) or types.is_large_string(type_):
        text = _expect(column, value, "string", "a string like 'text'").text
        return Compare(column.name, operator, pa.scalar(text, type_))
    if types.is_binary(type_) or types.is_large_binary(type_):
        data = binary(_expect(column, value, "binary", "a binary literal like x'ff00'"))
        return Compare(column.name, operator, pa.scalar(data, type_))
    if types.is_floating(type_):
        literal = _expect(column, value, "number", "a number")
        whole = literal.text.lstrip("+-").isdigit()
        is_exact, below = place(number(literal), column.float_bits, whole=whole)
        return _between(column, operator, below, is_exact=is_exact)
    return _compare_exact(column, operator, value)


def number(value: Value) -> Fraction:
    """Return a number literal exactly.

    Raises:
        InvalidCommand: Written out, it would be very long.
    """
    digits, _, exponent = value.text.lower().partition("e")
    if len(digits) + len(exponent) > MAX_DIGITS or abs(int(exponent or 0)) > MAX_DIGITS:
        raise InvalidCommand(
            f"the number {shorten(value.text, 30)} has more than {MAX_DIGITS:,} digits"
        )
    return Fraction(value.text)


def binary(value: Value) -> bytes:
    """Return the bytes of a binary literal."""
    try:
        return bytes.fromhex(value.text)
    except ValueError:
        raise InvalidCommand(
            f"the binary literal x'{shorten(value.text, 30)}' is not pairs of hex digits"
        ) from None


def moment(value: Value) -> Moment:
    """Return what a DATE or TIMESTAMP literal says.

    Raises:
        InvalidCommand: It is none, or a DATE with a time of day.
    """
    parsed = parse_moment(value.text)
    if parsed is None or (value.kind == "date" and not parsed.is_date):
        example = (
            "'2020-01-31'"
            if value.kind == "date"
            else "'2020-01-31', '2020-01-31 10:00:00' or '2020-01-31 10:00:00+01:00'"
        )
        raise InvalidCommand(
            f"{shorten(value.text, 30)!r} is not a {value.kind}: write it like {example}"
        )
    return parsed


def describe(value: Value) -> str:
    """Return a literal as it may stand in a message."""
    text = shorten(value.text, 30)
    match value.kind:
        case "string":
            return repr(text)
        case "binary":
            return f"x'{text}'"
        case "date" | "timestamp":
            return f"{value.kind.upper()} {text!r}"
        case _:
            return text


def _mismatch(column: Column, value: Value, wanted: str) -> InvalidCommand:
    """Return the error for a literal of the wrong kind."""
    return InvalidCommand(
        f"column {shorten(column.name)!r} is {shorten(str(column.written_type))}: "
        f"compare it with {wanted}, not with {describe(value)}"
    )


def _expect(column: Column, value: Value, kind: str, wanted: str) -> Value:
    if value.kind != kind:
        raise _mismatch(column, value, wanted)
    return value


def _compare_exact(column: Column, operator: Operator, value: Value) -> Node:
    """Compare on a grid of integers."""
    type_ = column.type
    if types.is_integer(type_):
        exact = number(_expect(column, value, "number", "a number"))
        signed = types.is_signed_integer(type_)
        low = -(2 ** (type_.bit_width - 1)) if signed else 0
        bits = type_.bit_width - signed
        return _snap(column, operator, exact, low, 2**bits - 1, int)
    if types.is_decimal(type_):
        exact = number(_expect(column, value, "number", "a number")) * 10**type_.scale
        end = 10**type_.precision - 1
        return _snap(column, operator, exact, -end, end, lambda units: _decimal(units, type_))
    if types.is_date(type_):
        days = _date_seconds(column, value) / DAY_SECONDS
        width = 1 if types.is_date32(type_) else DAY_SECONDS * 1000
        return _snap(column, operator, days, -(2**31), 2**31 - 1, lambda day: day * width)
    if types.is_timestamp(type_):
        units = _timestamp_seconds(column, value) * UNITS[type_.unit]
        return _snap(column, operator, units, -(2**63), 2**63 - 1, int)
    clock = "a time like '10:00:00'"
    seconds = parse_clock(_expect(column, value, "string", clock).text)
    if seconds is None:
        raise _mismatch(column, value, clock)
    end = DAY_SECONDS * UNITS[type_.unit]
    return _snap(column, operator, seconds * UNITS[type_.unit], 0, end - 1, int)


def _snap(
    column: Column,
    operator: Operator,
    exact: Fraction,
    low: int,
    high: int,
    to_value: Callable[[int], Any],
) -> Node:
    name = column.name
    if exact < low:
        return always(name) if operator in (">", ">=", "<>") else never(name)
    if exact > high:
        return always(name) if operator in ("<", "<=", "<>") else never(name)
    below = math.floor(exact)
    return _between(column, operator, to_value(below), is_exact=exact == below)


def _between(column: Column, operator: Operator, below: Any, *, is_exact: bool) -> Node:
    """Compare with ``below``, or with something between it and the next value."""
    if not is_exact and operator in ("=", "<>"):
        return never(column.name) if operator == "=" else always(column.name)
    if not is_exact:
        operator = ">" if operator in (">", ">=") else "<="
    return Compare(column.name, operator, pa.scalar(below, column.type))


def _decimal(units: int, type_: pa.DataType) -> Decimal:
    with localcontext(prec=MAX_DIGITS):
        return Decimal(units).scaleb(-type_.scale)


def _expect_moment(column: Column, value: Value, wanted: str) -> Moment:
    if value.kind in ("date", "timestamp"):
        return moment(value)
    parsed = parse_moment(value.text) if value.kind == "string" else None
    if parsed is None:
        raise _mismatch(column, value, wanted)
    return parsed


def _date_seconds(column: Column, value: Value) -> Fraction:
    wanted = "a date like '2020-01-31'"
    parsed = _expect_moment(column, value, wanted)
    if parsed.offset_seconds is not None:
        raise _mismatch(column, value, wanted)
    return parsed.seconds


def _timestamp_seconds(column: Column, value: Value) -> Fraction:
    zone_name = column.type.tz
    wanted = "a timestamp like '2020-01-31 10:00:00" + ("+01:00'" if zone_name else "'")
    parsed = _expect_moment(column, value, wanted)
    if parsed.offset_seconds is not None and zone_name is None:
        raise _mismatch(column, value, wanted)
    zone = UTC if zone_name is None else find_zone(zone_name)
    if zone is None and parsed.offset_seconds is None:
        raise InvalidCommand(
            f"column {shorten(column.name)!r} is in the time zone {shorten(zone_name)!r}, "
            "which is not known here: write timestamps with an offset, like "
            "'2020-01-31 10:00:00+01:00'"
        )
    seconds = parsed.seconds_in(zone or UTC)
    if seconds is None:
        raise _mismatch(column, value, "a timestamp of the years 1 to 9999")
    return seconds
