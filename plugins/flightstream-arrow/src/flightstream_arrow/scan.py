"""The rows of a flight, in the order of its files and their batches."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing

import attrs
import pyarrow as pa
from attrs import frozen

from flightstream import File, FileSet, ScanRequest, Workers
from flightstream_arrow.ahead import read_ahead
from flightstream_arrow.index import Index
from flightstream_arrow.library import Library, told
from flightstream_arrow.parts import Span
from flightstream_arrow.reader import Reader, Skip


def scan(
    files: FileSet,
    spans: Sequence[Span],
    request: ScanRequest,
    library: Library,
    workers: Workers,
) -> Generator[pa.RecordBatch]:
    """Yield what a request asks of some batches.

    Raises:
        InvalidData: A file is damaged; the batches before were given out.
        Stale: A file is not any more what was listed.
    """
    schema = library.schema(files)
    wanted = pa.schema([schema.field(name) for name in request.needed or schema.names])
    # Rows can be left out unread where no filter has to look at them first.
    skip = Skip(request.offset if request.filter is None else 0)
    rest = attrs.evolve(request, offset=request.offset - skip.rows)
    read = _Scan(files, library, wanted, skip).batches(spans)
    with closing(read_ahead(read, workers, request.buffer_bytes)) as batches:
        yield from rest.narrow(batches)


@frozen(eq=False)
class _Scan:
    """One scan, of one thread at a time.

    Args:
        schema: Of the batches that it yields.
        skip: The rows to leave out first.
    """

    files: FileSet
    library: Library
    schema: pa.Schema
    skip: Skip

    def batches(self, spans: Iterable[Span]) -> Generator[pa.RecordBatch]:
        for span in spans:
            file = self.files.files[span.file]
            index = self.library.index(file)
            self.files.check(span.file, index.schema, lambda file: self.library.index(file).schema)
            if index.footer is None:
                wanted = None
            else:
                wanted = self._left(range(len(index.footer.batches))[span.first : span.stop], file)
            if wanted is None or wanted:
                yield from self._read(span.file, index, wanted)

    def _left(self, batches: range, file: File) -> range:
        """Return which batches are left, by what they say before their data."""
        if not self.skip.rows:
            return batches
        rows = self.library.counts(file).rows
        for number in batches:
            if not self.skip.takes(rows[number]):
                return range(number, batches.stop)
        return range(0)

    def _read(self, number: int, index: Index, wanted: range | None) -> Iterator[pa.RecordBatch]:
        file = self.files.files[number]
        names = self.files.own_columns(self.schema.names, index.schema)
        with told(file), self.library.open(file) as handle:
            reader = Reader(handle, index, names, self.library.rules)
            read = reader.stream(self.skip) if wanted is None else reader.batches(wanted)
            for batch in read:
                file.check_unchanged()
                yield self.files.conform(number, self.skip.cut(batch), self.schema)
            file.check_unchanged()
