"""What is found out about a file before its rows are read."""

from collections import Counter
from typing import Any

import pyarrow as pa
from attrs import field, frozen
from pyarrow import types

from flightstream_arrow.decoder import FAILURES, Decoder
from flightstream_arrow.handle import MOST_HEAD_BYTES, Handle, is_end, parse_head
from flightstream_arrow.message import SCHEMA, Block, Footer
from flightstream_arrow.problem import Problem

_MAGIC, _FEATHER_V1 = b"ARROW1", b"FEA1"
_START = 8  # where the first message of a file is
_END = 10  # the length of the footer and the magic
_TAIL = 64 * 2**10  # has the whole footer of most files


@frozen(eq=False)
class Index:
    """What a file says of itself.

    Args:
        schema: Its columns.
        head: The message that says so.
        footer: Where its batches are; ``None`` for a stream, which does not tell.
        start: Where the first message after the schema is.
    """

    schema: pa.Schema
    head: pa.Buffer = field(repr=False)
    start: int
    footer: Footer | None = None


def read_index(handle: Handle) -> Index:
    """Read what a file or a stream says of itself; its first bytes tell which it is.

    Raises:
        Problem: It is neither, or damaged.
    """
    size = handle.file.size
    if not size:
        raise Problem("it is empty: not even a schema is in it")
    begin = bytes(handle.read(0, min(size, len(_MAGIC))))
    if begin == _MAGIC:
        return _file(handle)
    if begin.startswith(_FEATHER_V1):
        raise Problem("it is Feather version 1: read it with pyarrow.feather, and write it anew")
    try:
        head = _read_schema(handle, 0)
    except Problem as problem:
        raise Problem("it is neither an Arrow IPC file nor a stream") from problem
    return _index(head, 0)


def _file(handle: Handle) -> Index:
    size = handle.file.size
    if size < _START + _END:
        raise Problem("the file is cut short")
    tail = handle.read(max(0, size - _TAIL), min(size, _TAIL))
    end = bytes(memoryview(tail)[-_END:])
    length = int.from_bytes(end[:4], "little", signed=True)
    if end[4:] != _MAGIC:
        raise Problem("its end is not that of an Arrow IPC file: it is cut short, or not whole yet")
    limit = size - _END - length
    if not 0 < length <= MOST_HEAD_BYTES or limit < _START:
        raise Problem("its footer is damaged")
    if length + _END > tail.size:
        tail = handle.read(limit, length + _END)
    data = memoryview(tail)[tail.size - _END - length : tail.size - _END]
    footer = Footer.parse(data)
    for blocks in (footer.dictionaries, footer.batches):
        if not all(_is_within(block, limit) for block in blocks):
            raise Problem("its footer is damaged")
    found = _index(_read_schema(handle, _START), _START)
    if not found.schema.equals(_schema_of(data)):
        raise Problem("its footer has another schema than its start")
    return Index(found.schema, found.head, found.start, footer)


def _read_schema(handle: Handle, offset: int) -> pa.Buffer:
    head = handle.read_head(offset)
    if is_end(head) or (message := parse_head(head)).kind != SCHEMA or message.body_bytes:
        raise Problem("it does not begin with a schema")
    return head


def _index(head: pa.Buffer, offset: int) -> Index:
    schema = Decoder(head).schema
    try:
        names = schema.names
        for column in schema:
            _check_names(column)
    except UnicodeDecodeError as exc:
        raise Problem("the name of a column is not UTF-8") from exc
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise Problem(f"it has the column {twice[0]!r} twice")
    return Index(schema, head, offset + head.size)


def _schema_of(footer: Any) -> pa.Schema:
    # Arrow reads a footer only as the end of a file.
    length = len(footer).to_bytes(4, "little")
    file = b"".join([_MAGIC.ljust(_START, b"\0"), footer, length, _MAGIC])
    try:
        with pa.ipc.open_file(pa.BufferReader(file)) as reader:
            return reader.schema
    except FAILURES as exc:
        raise Problem("its footer is damaged") from exc


def _is_within(block: Block, limit: int) -> bool:
    return (
        block.offset >= _START
        and 8 <= block.head_bytes <= MOST_HEAD_BYTES
        and block.body_bytes >= 0
        and block.offset + block.size <= limit
    )


def _check_names(column: pa.Field) -> None:
    """Read all names within a column, as clients will.

    Raises:
        UnicodeDecodeError: One is not UTF-8.
    """
    _ = column.name
    type_ = column.type
    if isinstance(type_, pa.BaseExtensionType):
        type_ = type_.storage_type
    if types.is_timestamp(type_):
        _ = type_.tz
    elif types.is_dictionary(type_):
        _check_names(pa.field("", type_.value_type))
    else:
        for number in range(type_.num_fields):
            _check_names(type_.field(number))
