"""The least and greatest values of row groups, from the statistics that writers left.

What cannot be relied on is unknown: statistics of an order that nobody defined,
of the wrong length, cut within a letter, NaN, or of a type that another file has
otherwise. A text that was cut is still no greater, or no less, than all values.
"""

import math
import struct
from collections.abc import Callable, Iterable
from decimal import Decimal

import pyarrow as pa
from attrs import evolve
from pyarrow import types

from flightstream import Bounds
from flightstream_parquet.footer import Footer
from flightstream_parquet.leaf import Leaf
from flightstream_parquet.plain import plain_type
from flightstream_parquet.thrift import Struct

_OLD_MAX, _OLD_MIN, _NULLS, _MAX, _MIN = 1, 2, 3, 5, 6
_FORMATS = {Leaf.FLOAT: "<f", Leaf.DOUBLE: "<d"}
_SIZES = {Leaf.INT32: 4, Leaf.INT64: 8}
_INTEGERS = {4: pa.int32(), 8: pa.int64()}
_FAMILIES: tuple[Callable[[pa.DataType], bool], ...] = (
    lambda type_: types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_),
    lambda type_: types.is_date(type_) or types.is_timestamp(type_),
    types.is_time,
    lambda type_: _is_text(type_) or _is_bytes(type_),
)


def bounds_of(footer: Footer, columns: Iterable[str], schema: pa.Schema) -> dict[str, Bounds]:
    """Return what is known of columns in each row group of a file.

    Args:
        footer: That of the file.
        columns: Which columns of the flight; those that the file has not are null.
        schema: That of the flight, with the types that bounds shall have.
    """
    bounds = {}
    for name in columns:
        type_ = _value_type(schema.field(name).type)
        if name not in footer.places:
            bounds[name] = Bounds.of_values(pa.nulls(len(footer.groups), type_))
        elif (known := _known(footer, name)) is not None:
            bounds[name] = _as(known, _value_type(footer.schema.field(name).type), type_)
    return bounds


def _known(footer: Footer, name: str) -> Bounds | None:
    """Return the bounds of one column in the type that the file has; ``None`` of a nested one."""
    place = footer.places[name]
    type_ = _value_type(footer.schema.field(name).type)
    leaf = footer.leaves[place.start]
    if types.is_null(type_):
        return Bounds.of_values(pa.nulls(len(footer.groups)))
    if not leaf.is_flat or isinstance(type_, pa.BaseExtensionType):
        return None
    read = _reader(leaf, type_)
    lows, highs, may_have_nulls, may_have_values = [], [], [], []
    for group in footer.groups:
        chunk = group.chunks[place.start]
        found = {} if chunk is None else chunk.statistics
        low, high = _extremes(found, leaf, type_)
        lows.append(None if low is None or read is None else read(low))
        highs.append(None if high is None or read is None else read(high))
        nulls = 0 if leaf.is_required else _count(found)
        may_have_nulls.append(nulls != 0)
        may_have_values.append(nulls is None or nulls < group.rows)
    return Bounds(
        _array(lows, leaf, type_),
        _array(highs, leaf, type_),
        pa.array(may_have_nulls, pa.bool_()),
        pa.array(may_have_values, pa.bool_()),
    )


def _extremes(found: Struct, leaf: Leaf, type_: pa.DataType) -> tuple[bytes | None, bytes | None]:
    places: tuple[int, ...] = ()
    if leaf.is_ordered and (_MIN in found or _MAX in found):
        places = _MIN, _MAX
    elif leaf.physical in _SIZES and not types.is_unsigned_integer(type_):
        # Older writers compared all as signed, and had text wrong.
        places = _OLD_MIN, _OLD_MAX
    low, high = (found.get(place) for place in places or (0, 0))
    return (low if isinstance(low, bytes) else None), (high if isinstance(high, bytes) else None)


def _count(found: Struct) -> int | None:
    nulls = found.get(_NULLS)
    return nulls if isinstance(nulls, int) and nulls >= 0 else None


def _reader(leaf: Leaf, type_: pa.DataType) -> Callable[[bytes], object] | None:
    """Return what makes a value of stored bytes, ``None`` for one that is not known."""
    if types.is_boolean(type_) and leaf.physical == Leaf.BOOLEAN:
        return lambda raw: raw != b"\0" if len(raw) == 1 else None
    if types.is_decimal(type_):
        return lambda raw: _decimal(raw, leaf, type_)
    if leaf.physical in _SIZES:
        size, signed = _SIZES[leaf.physical], not types.is_unsigned_integer(type_)
        return lambda raw: (
            int.from_bytes(raw, "little", signed=signed) if len(raw) == size else None
        )
    if types.is_floating(type_):
        format_ = "<e" if types.is_float16(type_) else _FORMATS.get(leaf.physical, "")
        return lambda raw: _float(raw, format_)
    if _is_text(type_):
        return _text
    return (lambda raw: raw) if _is_bytes(type_) else None


def _array(values: list[object], leaf: Leaf, type_: pa.DataType) -> pa.Array:
    """Return values as an array; all are unknown if one does not fit the type."""
    if types.is_fixed_size_binary(type_) and not types.is_decimal(type_):
        type_ = pa.binary()  # one that was cut is shorter
    try:
        if types.is_float16(type_):
            halves = [
                None if v is None else struct.unpack("<H", struct.pack("<e", v))[0] for v in values
            ]
            return pa.array(halves, pa.uint16()).view(type_)
        if types.is_temporal(type_) and leaf.physical in _SIZES:
            # The units of a file and of its schema in Arrow are the same.
            stored = _INTEGERS[_SIZES[leaf.physical]]
            if type_.bit_width == stored.bit_width:
                return pa.array(values, stored).view(type_)
            return pa.nulls(len(values), type_)
        return pa.array(values, type_)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return pa.nulls(len(values), type_)


def _as(bounds: Bounds, own: pa.DataType, wanted: pa.DataType) -> Bounds:
    """Return bounds in the type of the flight; unknown where that has another order."""
    if own == wanted:
        return bounds
    if types.is_null(own):
        return evolve(bounds, low=bounds.low.cast(wanted), high=bounds.high.cast(wanted))
    unknown = pa.nulls(len(bounds.low), wanted)
    if not any(family(own) and family(wanted) for family in _FAMILIES):
        return evolve(bounds, low=unknown, high=unknown)
    try:
        return evolve(bounds, low=bounds.low.cast(wanted), high=bounds.high.cast(wanted))
    except pa.ArrowException:
        return evolve(bounds, low=unknown, high=unknown)


def _decimal(raw: bytes, leaf: Leaf, type_: pa.DataType) -> Decimal | None:
    if leaf.physical in _SIZES:
        if len(raw) != _SIZES[leaf.physical]:
            return None
        units = int.from_bytes(raw, "little", signed=True)
    elif raw and (leaf.physical == Leaf.BYTE_ARRAY or len(raw) == leaf.width):
        units = int.from_bytes(raw, "big", signed=True)
    else:
        return None
    return Decimal(f"{units}e{-type_.scale}")


def _float(raw: bytes, format_: str) -> float | None:
    if not format_ or len(raw) != struct.calcsize(format_):
        return None
    (value,) = struct.unpack(format_, raw)
    return None if math.isnan(value) else value


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _value_type(type_: pa.DataType) -> pa.DataType:
    return plain_type(type_) if types.is_dictionary(type_) else type_


def _is_text(type_: pa.DataType) -> bool:
    return bool(
        types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_)
    )


def _is_bytes(type_: pa.DataType) -> bool:
    return bool(
        types.is_binary(type_)
        or types.is_large_binary(type_)
        or types.is_binary_view(type_)
        or (types.is_fixed_size_binary(type_) and not types.is_decimal(type_))
    )
