"""The place of bytes that cannot be decoded: which record, which column."""

from collections.abc import Sequence

import pyarrow as pa

from flightstream_csv.cutter import Cutter
from flightstream_csv.dialect import Dialect
from flightstream_csv.records import RaggedRows, read_texts, split


def locate(before: bytes, names: Sequence[str], dialect: Dialect) -> tuple[int, str]:
    """Return the record, from 1, and the column that go on where a text ends.

    Args:
        before: Text from the start of a record.
        names: The columns.
        dialect: How it is written.
    """
    cutter = Cutter(dialect)
    end = cutter.cut(before, final=True)
    ragged = RaggedRows(skip=True)
    records = read_texts(before[:end], names, dialect, ragged).num_rows
    rest = before[end:] + (cutter.quote if cutter.is_open(before[end:]) else b"")
    position = (rest and len(split(rest, dialect))) or 1
    return records + len(ragged.numbers) + 1, names[min(position, len(names)) - 1]


def undecodable(block: bytes) -> tuple[int, bytes] | None:
    """Return where a block stops being UTF-8, and the bytes there."""
    if is_utf8(block):
        return None
    try:
        block.decode()
    except UnicodeDecodeError as exc:
        return exc.start, block[exc.start : exc.end]
    return None


def is_utf8(block: bytes) -> bool:
    """Tell whether all of a block is UTF-8, without the interpreter's lock."""
    offsets = pa.array([0, len(block)], pa.int32()).buffers()[1]
    value = pa.Array.from_buffers(pa.binary(), 1, [None, offsets, pa.py_buffer(block)])
    try:
        value.cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True
