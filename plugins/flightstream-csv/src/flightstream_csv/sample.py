"""The parts of a file that are looked at to find out what it holds.

The start, where records are certain; and, where any place can be read, windows
up to the end. A window is evidence only if its quotes leave one way to read it
and all its records then have the right number of fields.
"""

import codecs
from collections.abc import Iterator

from attrs import frozen

from flightstream import File, InvalidData
from flightstream_csv.cutter import Cutter
from flightstream_csv.dialect import Dialect
from flightstream_csv.records import split
from flightstream_csv.text import Text, Undecodable, compression

RECORD_BYTES = 32 * 2**20  # the longest record there may be
MOST_COLUMNS = 32_768  # each takes 10 KB and 0.1 ms, whatever is in it
_CHUNK = 2**20
_GROWTH = 4 * _CHUNK
_WINDOWS = 12
_LINE_ENDS = b"\r\n"


@frozen
class Head:
    """The start of a file.

    Args:
        fields: The first record: the names, where there is a header.
        start: Bytes of text before the first record of data.
        records: Whole records of data.
        encoding: What the file turned out to be.
        is_whole: Whether ``records`` are all there are.
        is_strict: Whether quotes are only where parity tells what they mean.
        has_quoted_lines: Whether there are line ends in quotes.
    """

    fields: list[str]
    start: int
    records: bytes
    encoding: str
    is_whole: bool
    is_strict: bool
    has_quoted_lines: bool


def read_head(file: File, dialect: Dialect, cutter: Cutter, size: int) -> Head:
    """Read the header and the first ``size`` bytes of records.

    Raises:
        InvalidData: There is no header, or it cannot be read.
    """
    with Text(file, dialect.encoding) as text:
        data, is_whole = _read(text, size)
        while True:
            begin = _header_start(data, dialect.skip_rows)
            end = begin + cutter.first(data[begin:], final=bool(is_whole))
            start = end if dialect.header is True else begin
            # At least one record beside the header, however long it is.
            length = cutter.cut(data[start:], final=bool(is_whole)) if end > begin else 0
            if length or is_whole is not False:
                break
            if len(data) > RECORD_BYTES:
                raise InvalidData(f"a record of {file.name!r} is longer than 32 MiB")
            more, is_whole = _read(text, min(len(data), _GROWTH))
            data += more
    if end == begin:  # one record without a line end
        if is_whole is None:
            raise _undecodable(file, text.encoding)
        end = len(data)
        start = end if dialect.header is True else begin
    fields = _fields(file, data[begin:end], dialect, cutter, text.encoding)
    records = data[start:]
    return Head(
        fields,
        start,
        records if is_whole else records[:length],
        text.encoding,
        bool(is_whole),
        cutter.is_strict(records),
        cutter.has_quoted_lines(records),
    )


def read_windows(file: File, head: Head, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield text from all over the rest of a file, and whether it is its end.

    Nothing is known of where in a record it begins, nor where it ends.
    """
    if head.is_whole or compression(file) is not None:
        return
    width = size // (_WINDOWS + 4)
    first, last = size // 4, max(file.size - width, 0)
    with file.open() as raw:
        for number in range(1, _WINDOWS + 1):
            offset = first + (last - first) * number // _WINDOWS
            offset -= offset % 4  # whole units of UTF-16 and UTF-32
            if offset < 0 or offset >= file.size:
                continue
            raw.seek(offset)
            yield _decode(bytes(raw.read(width + 4)), head.encoding), number == _WINDOWS


def certain_records(
    data: bytes, cutter: Cutter, *, at_end: bool, quoted_lines: bool
) -> bytes | None:
    """Return the whole records in text from anywhere, or ``None`` if it is not clear.

    Args:
        data: The text.
        cutter: Knows the dialect.
        at_end: Whether the file ends with it, which is outside quotes.
        quoted_lines: Whether the file is known to have line ends in quotes,
            so that text without any quote may lie inside them.
    """
    quotes = cutter.count_quotes(data)
    if quotes:
        ways = [inside for inside in (False, True) if cutter.is_strict(data, inside=inside)]
        if at_end:
            ways = [inside for inside in ways if (quotes + inside) % 2 == 0]
    else:
        ways = [] if quoted_lines and not at_end else [False]
    if len(ways) != 1:
        return None
    if ways[0]:
        data = cutter.quote + data
    begin = cutter.first(data)
    if not begin:
        return None
    return data[begin:] if at_end else data[begin : begin + cutter.cut(data[begin:])]


def _read(text: Text, size: int) -> tuple[bytes, bool | None]:
    # Whether it is all there is; None if what follows cannot be decoded.
    parts: list[bytes] = []
    length = 0
    while length < size:
        try:
            part = text.read(min(_CHUNK, size - length) if parts else min(_CHUNK, size))
        except Undecodable:
            return b"".join(parts), None
        if not part:
            return b"".join(parts), True
        parts.append(part)
        length += len(part)
    return b"".join(parts), False


def _header_start(data: bytes, skip_rows: int) -> int:
    position = 0
    for _ in range(skip_rows):
        ends = [at for at in (data.find(b"\n", position), data.find(b"\r", position)) if at >= 0]
        if not ends:
            return len(data)
        position = min(ends)
        position += 2 if data[position : position + 2] == b"\r\n" else 1
    while position < len(data) and data[position] in _LINE_ENDS:
        position += 1
    return position


def _fields(
    file: File, header: bytes, dialect: Dialect, cutter: Cutter, encoding: str
) -> list[str]:
    if not header:
        raise InvalidData(f"the file {file.name!r} is empty: it has no header and no rows")
    if cutter.is_open(header):
        raise InvalidData(f"the file {file.name!r} ends inside an open quote")
    if (columns := cutter.count_fields(header)) > MOST_COLUMNS:
        raise InvalidData(
            f"the file {file.name!r} has {columns:,} columns, more than {MOST_COLUMNS:,}:"
            " check the option 'delimiter'"
        )
    try:
        fields = split(header, dialect)
    except UnicodeDecodeError:
        raise _undecodable(file, encoding) from None
    if not fields:
        raise InvalidData(f"the header of {file.name!r} ends with an escape")
    if dialect.header is True and any("\0" in name for name in fields):
        raise InvalidData(
            f"the header of {file.name!r} holds NUL characters: if the file is UTF-16 without"
            ' byte order mark, set encoding = "utf-16-le"'
        )
    return fields


def _undecodable(file: File, encoding: str) -> InvalidData:
    return InvalidData(f"the header of {file.name!r} is not {encoding}: set the option 'encoding'")


def _decode(raw: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        return raw
    if not encoding.startswith(("utf-16", "utf-32")):
        # No multi-byte character holds a line end, so it is safe to begin after one.
        raw = raw[raw.find(b"\n") + 1 :]
        return b"\n" + codecs.decode(raw, encoding, "replace").encode()
    return codecs.decode(raw, encoding, "replace").encode("utf-8", "replace")
