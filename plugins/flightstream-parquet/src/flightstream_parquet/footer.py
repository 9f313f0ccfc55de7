"""What a Parquet file says of itself at its end."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import pyarrow as pa
import pyarrow.parquet as pq
from attrs import define, field, frozen

from flightstream import ByteSize, File, InvalidData, LimitExceeded
from flightstream_parquet.faults import readable

_KEPT_BYTES = 64 * 2**20


@frozen(eq=False)
class Footer:
    """A file's metadata, and the schema that its batches are read with.

    Args:
        metadata: As pyarrow parsed it.
        stored: The schema that pyarrow reads batches with.
        schema: The same with dictionaries decoded, if that is wanted.
    """

    metadata: pq.FileMetaData
    stored: pa.Schema
    schema: pa.Schema

    @property
    def row_groups(self) -> range:
        """The numbers of the row groups."""
        return range(self.metadata.num_row_groups)

    def rows(self, group: int) -> int:
        """Return how many rows a row group has."""
        rows: int = self.metadata.row_group(group).num_rows
        return rows

    def stored_bytes(self, group: int, columns: frozenset[str]) -> int:
        """Return how many bytes of the file a row group's columns take."""
        row_group = self.metadata.row_group(group)
        chunks = (row_group.column(number) for number in range(row_group.num_columns))
        return sum(
            chunk.total_compressed_size
            for chunk in chunks
            if chunk.path_in_schema.partition(".")[0] in columns or chunk.path_in_schema in columns
        )


def read_footer(file: File, *, keep_dictionaries: bool, max_row_group_bytes: int) -> Footer:
    """Read the footer of a file.

    Raises:
        InvalidData: It is no Parquet file, or one that cannot be served.
        LimitExceeded: A row group takes more memory than is allowed.
    """
    with readable(file), file.open() as opened:
        metadata = pq.read_metadata(opened)
        stored = metadata.schema.to_arrow_schema()
        names = stored.names
    file.check_unchanged()
    if repeated := [name for name, number in Counter(names).items() if number > 1]:
        raise InvalidData(f"the file {file.name!r} has two columns named {repeated[0]!r}")
    for group in range(metadata.num_row_groups):
        size = metadata.row_group(group).total_byte_size
        if size > max_row_group_bytes:
            raise LimitExceeded(
                f"row group {group} of the file {file.name!r} takes {ByteSize(size)} of memory:"
                " raise the option max_row_group_bytes, if you trust it"
            )
    return Footer(metadata, stored, stored if keep_dictionaries else _decoded(stored))


@define(eq=False)
class Footers:
    """The footers of the files asked for most recently. Guarded by a lock."""

    _most_bytes: int = _KEPT_BYTES
    _kept: OrderedDict[Hashable, Footer] = field(factory=OrderedDict, init=False)
    _bytes: int = field(default=0, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def known(self, file: File) -> Footer | None:
        """Return a file's footer if it was read already."""
        with self._lock:
            return self._kept.get(_key(file))

    def get(self, file: File, read: Callable[[File], Footer]) -> Footer:
        """Return a file's footer; two threads that ask at once may both read it."""
        footer = self.known(file)
        if footer is None:
            footer = read(file)
            self._keep(_key(file), footer)
        return footer

    def _keep(self, key: Hashable, footer: Footer) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = footer
                self._bytes += footer.metadata.serialized_size
            while self._bytes > self._most_bytes and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= oldest.metadata.serialized_size


def _key(file: File) -> Hashable:
    return file.name, file.version


def _decoded(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [field.with_type(_without_dictionaries(field.type)) for field in schema], schema.metadata
    )


def _without_dictionaries(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(type_):
        return _without_dictionaries(type_.value_type)
    if pa.types.is_struct(type_):
        return pa.struct([f.with_type(_without_dictionaries(f.type)) for f in type_])
    if pa.types.is_map(type_):
        return pa.map_(
            type_.key_field.with_type(_without_dictionaries(type_.key_type)),
            type_.item_field.with_type(_without_dictionaries(type_.item_type)),
        )
    for is_list, make in _LISTS.items():
        if is_list(type_):
            return make(type_.value_field.with_type(_without_dictionaries(type_.value_type)))
    return type_


_LISTS: dict[Callable[[pa.DataType], bool], Callable[[pa.Field], pa.DataType]] = {
    pa.types.is_list: pa.list_,
    pa.types.is_large_list: pa.large_list,
}
