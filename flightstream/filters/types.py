"""Which types can be compared, and as what."""

from collections.abc import Callable

import pyarrow as pa
from pyarrow import types

_COMPARED: tuple[Callable[[pa.DataType], bool], ...] = (
    types.is_null,
    types.is_boolean,
    types.is_integer,
    types.is_floating,
    types.is_decimal,
    types.is_date,
    types.is_time,
    types.is_timestamp,
    types.is_string,
    types.is_large_string,
    types.is_binary,
    types.is_large_binary,
)


def comparable_type(type_: pa.DataType) -> pa.DataType | None:
    """Return the type that a column is cast to for comparing, or ``None`` for none.

    A cast to it loses nothing, keeps the order and exists for arrays and in
    expressions. It is mostly the type itself; Arrow 26 has no kernel for float16,
    no ``is_in`` for string views and small decimals, no comparison for negative
    scales (76 is the widest decimal, and a hostile file may say any scale) and no cast of run-end encoded columns.
    """
    type_ = value_type(type_)
    if types.is_string_view(type_):
        return pa.large_string()
    if types.is_binary_view(type_):
        return pa.large_binary()
    if types.is_fixed_size_binary(type_) and not types.is_decimal(type_):
        return pa.binary()
    if types.is_float16(type_):
        return pa.float32()
    if types.is_decimal(type_):
        if not 0 <= type_.scale <= 76:
            return None
        if types.is_decimal32(type_) or types.is_decimal64(type_):
            return pa.decimal128(type_.precision, type_.scale)
    return type_ if any(is_kind(type_) for is_kind in _COMPARED) else None


def value_type(type_: pa.DataType) -> pa.DataType:
    """Return what a dictionary holds; any other type is what it holds."""
    return type_.value_type if types.is_dictionary(type_) else type_
