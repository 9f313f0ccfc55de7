"""The files that together are one flight."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from attrs import field, frozen

from flightstream.errors import InvalidData
from flightstream.filters import Bounds, Filter
from flightstream.storage.file import File
from flightstream.storage.hive import keys_of
from flightstream.storage.unify import Unify, unified

_READERS = 16


@frozen
class Grouping:
    """Which files of a source are one flight, and how.

    Args:
        pattern: Of their names, see :meth:`Source.files`.
        unify: What their schemas may differ in.
        schema: That of the flight while there is no file; ``None`` if nobody said.
    """

    pattern: str
    unify: Unify = "strict"
    schema: pa.Schema | None = field(default=None, repr=False)


@frozen(eq=False, slots=False)
class FileSet:
    """The files that are one flight, in the order of their names: one, many or none.

    Folders named ``column=value`` are columns of a flight of many files, see
    :attr:`keys`. An adapter reads each file by itself and lets :meth:`conform`
    make of its batches those of the flight.

    Args:
        name: The flight's name within the source.
        files: The files.
        grouping: What made them one flight; ``None`` for a file that is one alone.

    .. versionadded:: 0.1
    """

    name: str
    files: tuple[File, ...] = field(repr=False)
    grouping: Grouping | None = field(default=None, repr=False)
    _schemas: list[pa.Schema] = field(factory=list, init=False, repr=False)

    @classmethod
    def of_file(cls, file: File) -> "FileSet":
        """Return a file that is a flight alone, named after it."""
        return cls(file.stem, (file,))

    @property
    def full_name(self) -> str:
        """The name to be served by where another flight wants the same."""
        return self.files[0].name if self.grouping is None else self.name

    @property
    def size(self) -> int:
        """How many bytes the files have."""
        return sum(file.size for file in self.files)

    @cached_property
    def version(self) -> str:
        """What changes when a file does, appears or vanishes."""
        if self.grouping is None:
            return self.files[0].version
        digest = hashlib.sha256(repr((self.grouping.unify, self.grouping.schema)).encode())
        for file in self.files:
            digest.update(f"{file.name}\0{file.version}\0".encode())
        return digest.hexdigest()[:16]

    @cached_property
    def keys(self) -> Mapping[str, pa.Array]:
        """The columns that are written in the paths, with a value for each file.

        Raises:
            InvalidData: Not all files have the same.
        """
        return {} if self.grouping is None else keys_of([file.name for file in self.files])

    def is_unchanged(self) -> bool:
        """Tell whether the files still are what was listed; of many, none is looked at."""
        return self.grouping is not None or self.files[0].is_unchanged()

    def schema(self, read: Callable[[File], pa.Schema]) -> pa.Schema:
        """Return the schema of the flight, the columns of paths last.

        Args:
            read: Returns that of one file; called on several threads. For
                ``unify = "strict"`` only the first file is asked.

        Raises:
            InvalidData: The files do not fit each other, or there is none and
                nobody said which columns it would have.
        """
        if not self._schemas:  # once: the files may be many
            self._schemas.append(self._with_keys(self._own_schema(read)))
        return self._schemas[0]

    def check(self, number: int, schema: pa.Schema, read: Callable[[File], pa.Schema]) -> None:
        """Hold the schema of a file, which is about to be read, against that of the first one.

        Raises:
            InvalidData: Schemas may not differ, and this one does.
        """
        if number and self.grouping is not None and self.grouping.unify == "strict":
            first = self.files[0]
            if not schema.equals(expected := read(first)):
                unified([(first.name, expected), (self.files[number].name, schema)], "strict")

    def matching(self, row_filter: Filter | None) -> list[int]:
        """Return the numbers of the files that may have a row which a filter keeps.

        Only their paths are looked at.
        """
        if row_filter is None or not self.keys:
            return list(range(len(self.files)))
        bounds = {name: Bounds.of_values(values) for name, values in self.keys.items()}
        may_match = row_filter.may_match(bounds, len(self.files))
        return pc.indices_nonzero(may_match).to_pylist()  # type: ignore[no-any-return]

    def own_columns(self, columns: Iterable[str], schema: pa.Schema) -> list[str]:
        """Return which columns have to be read from a file, at least one.

        Args:
            columns: Those that are wanted of the flight.
            schema: That of the file.
        """
        names = set(schema.names) - self.keys.keys()  # once: there may be thousands
        return [name for name in columns if name in names] or schema.names[:1]

    def conform(self, number: int, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """Return a batch of one file as one of the flight.

        Args:
            number: Which of the files it is of.
            batch: Has the columns of ``schema`` that the file has, and maybe others.
            schema: That of the flight, or the wanted part of it.

        Raises:
            InvalidData: A value does not fit the wider type of another file.
        """
        if batch.schema.equals(schema):
            return batch
        names = set(batch.schema.names)
        columns = [self._column(number, batch, names, column) for column in schema]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _with_keys(self, own: pa.Schema) -> pa.Schema:
        if not self.keys:
            return own
        keys = {name: pa.field(name, values.type) for name, values in self.keys.items()}
        kept = [column for column in own if column.name not in keys]
        return pa.schema([*kept, *keys.values()], own.metadata)

    def _own_schema(self, read: Callable[[File], pa.Schema]) -> pa.Schema:
        if not self.files:
            assert self.grouping is not None
            if self.grouping.schema is None:
                raise InvalidData(
                    f"no file matches {self.grouping.pattern!r}, and no columns are declared"
                    f" for the flight {self.name!r}"
                )
            return self.grouping.schema
        if self.grouping is None or self.grouping.unify == "strict":
            return read(self.files[0])
        with ThreadPoolExecutor(_READERS) as pool:
            schemas = list(pool.map(read, self.files))
        named = [(file.name, one) for file, one in zip(self.files, schemas, strict=True)]
        return unified(named, self.grouping.unify)

    def _column(
        self, number: int, batch: pa.RecordBatch, names: set[str], column: pa.Field
    ) -> pa.Array:
        if column.name in self.keys:
            return pa.repeat(self.keys[column.name][number], batch.num_rows)
        if column.name not in names:
            return pa.nulls(batch.num_rows, column.type)
        found = batch.column(column.name)
        try:
            return found if found.type == column.type else found.cast(column.type)
        except pa.ArrowException:
            raise InvalidData(
                f"the file {self.files[number].name!r} has a value in {column.name!r} that does"
                f" not fit {column.type}, the type of that column in other files",
                column=column.name,
            ) from None


def balanced(weights: Sequence[int], parts: int) -> list[range]:
    """Cut a row of weights into parts that follow each other and weigh about the same.

    Args:
        weights: Of whatever cannot be cut further: files, row groups, batches.
        parts: How many are wanted; none is empty, so there may be fewer.

    .. versionadded:: 0.1
    """
    total, done, start = sum(max(weight, 1) for weight in weights), 0, 0
    cuts: list[range] = []
    for number, weight in enumerate(weights):
        done += max(weight, 1)
        # The next part begins where what is done has reached its share.
        if done * parts >= total * (len(cuts) + 1) or number == len(weights) - 1:
            cuts.append(range(start, number + 1))
            start = number + 1
    return cuts
