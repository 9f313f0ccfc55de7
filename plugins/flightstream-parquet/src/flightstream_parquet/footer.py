"""What stands at the end of a Parquet file: its schema, and where its columns are."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from attrs import field, frozen

from flightstream import File, InvalidData, Unavailable
from flightstream_parquet.leaf import Leaf, leaves_of
from flightstream_parquet.plain import plain_schema, texts_of
from flightstream_parquet.thrift import Malformed, Struct, natural, read_struct, structs

Dictionary: TypeAlias = Literal["decode", "keep"]

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_TAIL_BYTES = 64 * 1024


@frozen(eq=False)
class Chunk:
    """The values of one leaf in one row group.

    Args:
        start: Where its first page begins.
        size: Its bytes as stored.
        full_size: Its bytes without compression, as the footer has it.
        values: How many there are, null ones and empty lists too.
        codec: The number of its compression.
        statistics: As stored, by field number.
    """

    start: int
    size: int
    full_size: int
    values: int
    codec: int
    statistics: Struct = field(repr=False)


@frozen(eq=False)
class RowGroup:
    """A run of rows that is stored together.

    Args:
        rows: How many.
        chunks: One for each leaf; ``None`` where it is encrypted.
    """

    rows: int
    chunks: tuple[Chunk | None, ...] = field(repr=False)


@frozen(eq=False, slots=False)
class Footer:
    """What is known of a file without reading a row of it.

    Args:
        name: The file's name within its source.
        metadata: What Arrow needs to read on.
        schema: That of the batches, once dictionaries are treated as configured.
        raw: The footer as stored.
        extents: What was found out of chunks, by row group and leaf.
    """

    name: str
    metadata: pq.FileMetaData = field(repr=False)
    schema: pa.Schema = field(repr=False)
    _raw: bytes = field(repr=False)
    extents: dict[tuple[int, int], Any] = field(factory=dict, init=False, repr=False)

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return int(self.metadata.num_rows)

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes, parsed."""
        return 16_384 + 12 * len(self._raw)

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The columns as stored."""
        return tuple(leaf for column in self._parsed[0] for leaf in column)

    @cached_property
    def places(self) -> Mapping[str, range]:
        """Which leaves each column of the schema is."""
        places, start = {}, 0
        for name, column in zip(self.schema.names, self._parsed[0], strict=True):
            places[name] = range(start, start + len(column))
            start += len(column)
        return places

    @property
    def groups(self) -> tuple[RowGroup, ...]:
        """The row groups."""
        return self._parsed[1]

    def chunk(self, group: int, leaf: int) -> Chunk:
        """Return one chunk.

        Raises:
            InvalidData: It is encrypted.
        """
        chunk = self.groups[group].chunks[leaf]
        if chunk is None:
            column = next(name for name, place in self.places.items() if leaf in place)
            raise InvalidData(
                f"the column {column!r} of the file {self.name!r} is encrypted, and there is no key to read it with",
                column=column,
            )
        return chunk

    def leaves_of(self, columns: Iterable[str]) -> list[int]:
        """Return the numbers of the leaves that columns are."""
        return [leaf for name in columns for leaf in self.places[name]]

    def stored_bytes(self, group: int, leaves: Iterable[int]) -> int:
        """Return how many bytes of a row group have to be read."""
        return sum(self.chunk(group, leaf).size for leaf in leaves)

    @cached_property
    def _parsed(self) -> tuple[list[list[Leaf]], tuple[RowGroup, ...]]:
        """The leaves of each column, and the row groups."""
        try:
            metadata, _ = read_struct(self._raw)
            columns = leaves_of(metadata)
            groups = tuple(map(_group, structs(metadata, 4)))
        except Malformed as exc:
            raise _damaged(self.name) from exc
        count = sum(map(len, columns))
        if len(columns) != len(self.schema) or any(len(one.chunks) != count for one in groups):
            raise _damaged(self.name)
        return columns, groups


def read_footer(file: File, dictionary: Dictionary) -> Footer:
    """Read the end of a file, in one request unless it is long.

    Raises:
        InvalidData: It is no Parquet file, damaged, encrypted, or its columns cannot be told apart.
        Stale: The file changed since it was listed.
    """
    try:
        footer = _footer(file, dictionary)
    except OSError as exc:
        file.check_unchanged()
        raise Unavailable(f"the file {file.name!r} cannot be read now") from exc
    except InvalidData:  # it may be half written
        file.check_unchanged()
        raise
    if isinstance(file.filesystem, pafs.LocalFileSystem):  # elsewhere it is a request
        file.check_unchanged()
    return footer


def _footer(file: File, dictionary: Dictionary) -> Footer:
    raw = _raw_footer(file)
    try:
        # Arrow reads the footer of a file that is nothing else, so it is asked for once.
        whole = b"".join((_MAGIC, raw, len(raw).to_bytes(4, "little"), _MAGIC))
        parquet = pq.ParquetFile(pa.BufferReader(whole))
        schema = parquet.schema_arrow
        names = [texts_of(column)[0] for column in schema]
    except UnicodeDecodeError as exc:
        raise InvalidData(
            f"the file {file.name!r} has names that are not UTF-8",
            value=str(exc.object)[:100],
        ) from exc
    except (pa.ArrowException, OSError) as exc:
        raise _damaged(file.name) from exc
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidData(f"the file {file.name!r} has two columns named {twice!r}", column=twice)
    if dictionary == "decode":
        schema = plain_schema(schema)
    return Footer(file.name, parquet.metadata, schema, raw)


def _raw_footer(file: File) -> bytes:
    if not file.size:
        raise InvalidData(f"the file {file.name!r} is empty: it has no footer")
    with file.open() as source:
        size = source.size()
        tail = source.read_at(min(size, _TAIL_BYTES), max(0, size - _TAIL_BYTES))
        if tail[-4:] == _ENCRYPTED:
            raise InvalidData(
                f"the file {file.name!r} is encrypted, and there is no key to read it with"
            )
        length = int.from_bytes(tail[-8:-4], "little")
        if tail[-4:] != _MAGIC or length > size - 12 or size != file.size:
            raise _damaged(file.name)
        if length > len(tail) - 8:
            return bytes(source.read_at(length, size - 8 - length))
        return bytes(tail[len(tail) - 8 - length : -8])


def _group(group: Struct) -> RowGroup:
    return RowGroup(natural(group, 3), tuple(map(_chunk, structs(group, 1))))


def _chunk(chunk: Struct) -> Chunk | None:
    if 8 in chunk or 3 not in chunk:
        return None
    data = chunk[3]
    if not isinstance(data, dict):
        raise Malformed
    start, dictionary = natural(data, 9), natural(data, 11, 0)
    statistics = data.get(12, {})
    return Chunk(
        start=dictionary if 0 < dictionary < start else start,
        size=natural(data, 7),
        full_size=natural(data, 6),
        values=natural(data, 5),
        codec=natural(data, 4),
        statistics=statistics if isinstance(statistics, dict) else {},
    )


def _damaged(name: str) -> InvalidData:
    return InvalidData(
        f"the file {name!r} is no Parquet file, or it is cut off or damaged at its end"
    )
