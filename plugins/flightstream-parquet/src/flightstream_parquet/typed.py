"""Batches as they are served: in the types of the schema, and safe to trust.

Arrow reads text and dictionaries from Parquet without a look at them, and clients
in other languages take what they get to be valid.
"""

import pyarrow as pa
from pyarrow import types

from flightstream import InvalidData


def typed(batch: pa.RecordBatch, schema: pa.Schema, file: str) -> pa.RecordBatch:
    """Return the columns of a schema, in its order, with dictionaries as it has them.

    Args:
        batch: As Arrow read it.
        schema: What is wanted of it.
        file: The name of the file, for messages.

    Raises:
        InvalidData: A text is not UTF-8, or a dictionary lacks a value.
    """
    columns = [_typed(batch.column(wanted.name), wanted, file) for wanted in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _typed(array: pa.Array, wanted: pa.Field, file: str) -> pa.Array:
    try:
        found = array if array.type == wanted.type else array.cast(wanted.type)
        if not _is_ascii(found) and _wants_a_look(found.type):
            found.validate(full=True)
    except (pa.ArrowInvalid, pa.lib.ArrowIndexError):
        raise InvalidData(
            f"the file {file!r} is damaged in column {wanted.name!r}: it has text that is not"
            " UTF-8, or values that are not in its dictionary",
            column=wanted.name,
        ) from None
    return found


def _wants_a_look(type_: pa.DataType) -> bool:
    if types.is_nested(type_):
        return any(_wants_a_look(type_.field(n).type) for n in range(type_.num_fields))
    return bool(
        types.is_dictionary(type_)
        or types.is_string(type_)
        or types.is_large_string(type_)
        or types.is_string_view(type_)
    )


def _is_ascii(array: pa.Array) -> bool:
    """Tell of plain text whether all of it is ASCII, ten times as fast as Arrow tells UTF-8."""
    if not types.is_string(array.type) or not len(array):
        return False
    _, offsets, values = array.buffers()
    if values is None:
        return True
    starts = memoryview(offsets).cast("i")
    start, end = starts[array.offset], starts[array.offset + len(array)]
    return bytes(values[start:end]).isascii()
