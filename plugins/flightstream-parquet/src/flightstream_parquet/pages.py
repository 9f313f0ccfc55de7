"""How much memory the pages of a row group take, whatever the footer says of them.

A few bytes of a file can stand for gigabytes: compression makes zeros of nothing,
and a dictionary repeats one long value for each row. So the headers of pages are
looked at before Arrow follows them, once for each version of a file.
"""

from collections.abc import Iterator
from typing import Protocol

from attrs import define, field, frozen

from flightstream import InvalidData
from flightstream_parquet.dictionary import longest
from flightstream_parquet.footer import Chunk, Footer
from flightstream_parquet.leaf import Leaf
from flightstream_parquet.thrift import Malformed, Struct, natural, read_struct

_WIDTHS = {
    Leaf.BOOLEAN: 1, Leaf.INT32: 4, Leaf.INT64: 8, Leaf.INT96: 12, Leaf.FLOAT: 4, Leaf.DOUBLE: 8,
    Leaf.BYTE_ARRAY: 4,
}  # fmt: skip
# How many times a byte can become more; of other codecs it is thousands.
_RATIOS = {0: 1, 1: 32, 2: 1_100, 5: 256, 7: 256}
_HARMLESS_BYTES = 4 * 2**20
# What is compressed more than this is hardly data.
_LIKELY_RATIO = 1_000
_HEADER_BYTES = 128
_LONGEST_HEADER = 2**20
_DICTIONARY_PAGE = 2
_DELTA_BYTE_ARRAY = 7
_NO_PAGE: Struct = {}


@frozen
class Extent:
    """How much one chunk can take in memory.

    Args:
        page: Bytes of its largest page, decompressed and decoded.
        value: Bytes of a value at most, where a dictionary repeats it, else on average.
    """

    page: int
    value: float


class Readable(Protocol):
    """What can be read at any place."""

    def read_at(self, nbytes: int, offset: int) -> bytes:
        """Return some bytes; fewer at the end."""


@define(eq=False)
class Window:
    """A part of a file, all of which is read when any of it is wanted.

    Args:
        source: The file.
        start: Where in it the part begins.
        size: How many bytes it has.
    """

    source: Readable
    start: int
    size: int
    _data: bytes | None = field(default=None, init=False, repr=False)

    def read_at(self, nbytes: int, offset: int) -> bytes:
        """Return some bytes; fewer at the end."""
        if self._data is None:
            self._data = bytes(self.source.read_at(self.size, self.start))
        return self._data[max(0, offset - self.start) : offset - self.start + nbytes]


def extent(
    footer: Footer, group: int, leaf: int, source: Readable, *, batch_rows: int, limit: int
) -> Extent:
    """Find out how much memory a chunk can take.

    Args:
        footer: That of the file.
        group: The row group.
        leaf: The column as stored.
        source: The file.
        batch_rows: How many rows there may be in a batch.
        limit: What does no harm altogether is not looked at closely.

    Raises:
        InvalidData: A page cannot be made out.
    """
    chunk, kind = footer.chunk(group, leaf), footer.leaves[leaf]
    value = mean_value(footer, group, leaf)
    is_bytes = kind.physical == Leaf.BYTE_ARRAY
    most_bytes = chunk.size * _RATIOS.get(chunk.codec, 2**40)
    if not is_bytes and not kind.is_repeated and most_bytes * 64 <= limit:
        return Extent(min(most_bytes, chunk.full_size), value)
    largest = 0
    try:
        for at, page in _pages(source, chunk):
            largest = max(largest, _size(page, kind))
            # A dictionary's values, and those that begin as the one before, may be repeated.
            if is_bytes and (_encoding(page) == _DELTA_BYTE_ARRAY):
                value = max(value, natural(page, 2))
            elif is_bytes and page.get(1) == _DICTIONARY_PAGE:
                most = natural(page, 2)
                if most * batch_rows * 8 > limit:
                    most = longest(page, source.read_at(natural(page, 3), at), chunk.codec)
                value = max(value, most)
    except Malformed:
        raise damaged(footer, group, leaf) from None
    return Extent(largest, value)


def claimed(footer: Footer, group: int, leaf: int) -> Extent:
    """Return what the footer says, for where to look costs too much."""
    chunk = footer.chunk(group, leaf)
    is_likely = chunk.full_size <= max(1, chunk.size) * _LIKELY_RATIO
    page = min(chunk.full_size, _HARMLESS_BYTES) if is_likely else chunk.full_size
    return Extent(page, mean_value(footer, group, leaf))


def mean_value(footer: Footer, group: int, leaf: int) -> float:
    """Return how many bytes a value takes, as far as the footer tells."""
    chunk, kind = footer.chunk(group, leaf), footer.leaves[leaf]
    return max(_width(kind), chunk.full_size / max(1, chunk.values))


def damaged(footer: Footer, group: int, leaf: int) -> InvalidData:
    """Return the error of a chunk that cannot be read."""
    column = next(name for name, place in footer.places.items() if leaf in place)
    return InvalidData(
        f"the file {footer.name!r} is damaged in row group {group}, column {column!r}",
        column=column,
    )


def _pages(source: Readable, chunk: Chunk) -> Iterator[tuple[int, Struct]]:
    """Yield where the content of each page begins, and its header."""
    at, end = chunk.start, chunk.start + chunk.size
    while at < end:
        length = _HEADER_BYTES
        while True:
            try:
                data = bytes(source.read_at(min(length, end - at), at))
                header, used = read_struct(data)
                break
            except Malformed:
                if length > len(data) or length > _LONGEST_HEADER:
                    raise
                length *= 8
        at += used
        yield at, header
        at += natural(header, 3)


def _width(kind: Leaf) -> int:
    return kind.width if kind.physical == Leaf.FIXED else _WIDTHS.get(kind.physical, 8)


def _size(page: Struct, kind: Leaf) -> int:
    size = natural(page, 2)
    if kind.is_repeated:
        # A row may have all the values of a page, and a run of any length takes a few bytes.
        size += _width(kind) * natural(_data(page), 1, 0)
    return size


def _encoding(page: Struct) -> int | None:
    return _data(page).get(4 if 8 in page else 2)


def _data(page: Struct) -> Struct:
    """Return what is said of the values of a page, of the first or second version."""
    data = page.get(8, page.get(5, _NO_PAGE))
    if not isinstance(data, dict):
        raise Malformed
    return data
