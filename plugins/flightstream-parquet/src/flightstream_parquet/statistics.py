"""What the statistics in a footer say of the values in each row group."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flightstream import Bounds

# What a physical type that no longer has statistics, or a writer's nonsense, gives.
_UNTOLD = (pa.ArrowException, ValueError, OverflowError, TypeError, NotImplementedError)
_UNITS = {"milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}


def bounds_of(
    metadata: pq.FileMetaData, stored: pa.Schema, wanted: pa.Schema, columns: Iterable[str]
) -> dict[str, Bounds]:
    """Return the bounds of columns, with a block for each row group of a file.

    Left out are columns of which nothing is known: nested ones, and those of
    types whose statistics do not say what Arrow's values are.

    Args:
        metadata: Of the file.
        stored: The file's own schema.
        wanted: The flight's schema, whose types may be wider.
        columns: Their names.
    """
    positions = {
        metadata.schema.column(number).path: number for number in range(metadata.num_columns)
    }
    found: dict[str, Bounds] = {}
    for name in columns:
        if name not in stored.names:
            found[name] = _of_nulls(wanted.field(name).type, metadata.num_row_groups)
        elif name in positions:
            column = metadata.schema.column(positions[name])
            bounds = _of_column(metadata, positions[name], column, stored.field(name).type)
            if bounds is not None and (cast := _cast(bounds, wanted.field(name).type)) is not None:
                found[name] = cast
    return found


def _of_nulls(type_: pa.DataType, groups: int) -> Bounds:
    nothing = pa.nulls(groups, type_)
    return Bounds(nothing, nothing, nothing.is_null(), nothing.is_valid())


def _of_column(
    metadata: pq.FileMetaData, position: int, column: Any, type_: pa.DataType
) -> Bounds | None:
    if column.max_repetition_level or pa.types.is_nested(type_):
        return None
    type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
    groups = range(metadata.num_row_groups)
    chunks = [metadata.row_group(group).column(position) for group in groups]
    told = [chunk.statistics if chunk.is_stats_set else None for chunk in chunks]
    counts = [one.null_count if one is not None and one.has_null_count else None for one in told]
    nulls = [count is None or count > 0 for count in counts]
    values = [
        count is None or count < chunk.num_values
        for count, chunk in zip(counts, chunks, strict=True)
    ]
    try:
        extremes = [_extremes(statistics, type_) for statistics in told]
        low, high = (_array(side, column, type_) for side in zip(*extremes, strict=True))
    except _UNTOLD:
        low = high = pa.nulls(len(chunks), type_)
    return Bounds(low, high, pa.array(nulls, pa.bool_()), pa.array(values, pa.bool_()))


def _extremes(statistics: Any, type_: pa.DataType) -> tuple[Any, Any]:
    """Return the least and the greatest value as they are stored, or nothing."""
    if statistics is None or not statistics.has_min_max or not _is_told(type_):
        return None, None
    if _is_moment(type_):
        return statistics.min_raw, statistics.max_raw
    low, high = statistics.min, statistics.max
    if isinstance(low, float) and (math.isnan(low) or math.isnan(high)):
        return None, None  # written by something that does not know how
    return low, high


def _array(values: Sequence[Any], column: Any, type_: pa.DataType) -> pa.Array:
    if not _is_moment(type_):
        return pa.array(values, type_)
    if pa.types.is_date(type_):
        return pa.array(values, pa.int32()).cast(pa.date32()).cast(type_)
    logical = json.loads(column.logical_type.to_json())
    unit = _UNITS.get(logical.get("timeUnit", ""), "")
    if pa.types.is_timestamp(type_):
        return pa.array(values, pa.int64()).cast(pa.timestamp(unit, type_.tz)).cast(type_)
    if unit == "ms":
        return pa.array(values, pa.int32()).cast(pa.time32("ms")).cast(type_)
    return pa.array(values, pa.int64()).cast(pa.time64(unit)).cast(type_)


def _cast(bounds: Bounds, type_: pa.DataType) -> Bounds | None:
    """Return bounds in the type of the flight, if they stay bounds in it."""
    try:
        return bounds if bounds.low.type == type_ else bounds.cast(type_)
    except pa.ArrowException:
        return None


def _is_moment(type_: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_date(type_) or types.is_timestamp(type_) or types.is_time(type_))


def _is_told(type_: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_boolean(type_)
        or types.is_integer(type_)
        or types.is_float32(type_)
        or types.is_float64(type_)
        or types.is_decimal(type_)
        or types.is_string(type_)
        or types.is_large_string(type_)
        or types.is_binary(type_)
        or types.is_large_binary(type_)
        or _is_moment(type_)
    )
