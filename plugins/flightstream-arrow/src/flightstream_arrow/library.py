"""The files of a source, and what is known of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from attrs import field, frozen

from flightstream import File, FileSet, InvalidData
from flightstream_arrow.counts import Counts, count
from flightstream_arrow.handle import Handle
from flightstream_arrow.index import Index, read_index
from flightstream_arrow.kept import Kept
from flightstream_arrow.problem import Problem
from flightstream_arrow.reader import Rules


@frozen(eq=False)
class Library:
    """Opens files, and keeps what they said of themselves at a version.

    Safe for any number of threads.

    Args:
        rules: What the files have to keep to.
        memory_map: Whether to map those of this machine.
    """

    rules: Rules
    memory_map: bool
    _indexes: Kept[Index] = field(factory=Kept, init=False)
    _counts: Kept[Counts] = field(factory=Kept, init=False)
    _schemas: Kept[pa.Schema] = field(factory=Kept, init=False)

    def open(self, file: File) -> Handle:
        """Return a file, to be opened by ``with``."""
        return Handle(file, memory_map=self.memory_map)

    def index(self, file: File) -> Index:
        """Return what a file says of itself.

        Raises:
            InvalidData: It is no Arrow file, or a damaged one.
            Stale: It is not any more what was listed.
        """
        return self._indexes.get((file.name, file.version), lambda: self._read_index(file))

    def schema(self, files: FileSet) -> pa.Schema:
        """Return the schema of a flight.

        Raises:
            InvalidData: Its files do not fit each other, and as :meth:`index` does.
        """
        return self._schemas.get(
            (files.name, files.version), lambda: files.schema(lambda file: self.index(file).schema)
        )

    def known_schema(self, files: FileSet) -> pa.Schema | None:
        """Return the schema of a flight if it is known already."""
        return self._schemas.known((files.name, files.version))

    def counts(self, file: File) -> Counts:
        """Return how many rows the batches of a file have; not of a stream.

        Raises:
            InvalidData: It is damaged.
            Stale: It is not any more what was listed.
        """
        return self._counts.get((file.name, file.version), lambda: self._count(file))

    def known_counts(self, file: File) -> Counts | None:
        """Return what :meth:`counts` does, if it is known already."""
        return self._counts.known((file.name, file.version))

    def _read_index(self, file: File) -> Index:
        with told(file), Handle(file) as handle:
            index = read_index(handle)
            file.check_unchanged()
            return index

    def _count(self, file: File) -> Counts:
        index = self.index(file)
        with told(file), Handle(file) as handle:
            counts = count(handle, index)
            file.check_unchanged()
            return counts


@contextmanager
def told(file: File) -> Iterator[None]:
    """Tell what is wrong with a file as an error that names it.

    Raises:
        InvalidData: There was a problem.
        Stale: There was one, for the file is another by now.
    """
    try:
        yield
    except Problem as problem:
        file.check_unchanged()
        where = f", batch {problem.batch}" if problem.batch else ""
        raise InvalidData(f"{file.name!r}{where}: {problem.reason}") from problem
