"""The messages of a stream: its batches, and what the last one says of it."""

from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Any

import pyarrow as pa
from attrs import frozen

from flightstream.rpc.errors import to_flight_error
from flightstream.serving import Scan


@frozen(eq=False)
class Layout:
    """What has to be known of a schema to send it.

    Args:
        schema: The schema.
        empty: A batch without rows.
        has_dictionaries: Whether any of its columns has one.
    """

    schema: pa.Schema
    empty: pa.RecordBatch
    has_dictionaries: bool

    @classmethod
    def of(cls, schema: pa.Schema) -> "Layout":
        """Find it out; that takes longer than to send a small batch."""
        # Unlike schema.empty_table(), it knows unions.
        columns = [pa.nulls(0, type_) for type_ in schema.types]
        empty = pa.RecordBatch.from_arrays(columns, schema=schema)
        return cls(schema, empty, _has_dictionary(schema.types))


def stream_messages(scan: Scan, layout: Layout) -> Generator[Any]:
    """Yield a scan's batches, and last an empty one that carries its summary."""
    try:
        yield from _with_dictionaries(scan, layout) if layout.has_dictionaries else scan
        yield layout.empty, scan.summary()
    except GeneratorExit:
        raise
    except BaseException as exc:
        failure = to_flight_error(exc)
    else:
        return
    try:
        raise failure
    finally:
        del failure  # its traceback has this frame


def _with_dictionaries(scan: Scan, layout: Layout) -> Generator[Any]:
    """Yield each batch as a reader: of a plain batch, Arrow does not send the dictionaries."""
    sent = False
    with closing(iter(scan)) as batches:
        for batch in batches:
            yield pa.RecordBatchReader.from_batches(scan.schema, [batch])
            sent = True
    if not sent:
        yield pa.RecordBatchReader.from_batches(scan.schema, [layout.empty])


def _has_dictionary(types: Iterable[pa.DataType]) -> bool:
    for type_ in types:
        stored = getattr(type_, "storage_type", type_)
        inner = (stored.field(number).type for number in range(stored.num_fields))
        if pa.types.is_dictionary(stored) or _has_dictionary(inner):
            return True
    return False
