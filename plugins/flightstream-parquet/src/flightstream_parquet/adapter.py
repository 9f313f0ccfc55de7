"""The adapter: options, and the hooks that find and stream Parquet files."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import ClassVar

import pyarrow as pa
import pyarrow.fs as pafs
from attrs import define, evolve, field

from flightstream import (
    ByteSize,
    File,
    FileSet,
    Flight,
    ScanEstimate,
    ScanRequest,
    Source,
    adapter,
    hookimpl,
    option,
)
from flightstream_parquet.footer import Dictionary, Footer, read_footer
from flightstream_parquet.plan import Plan, Share
from flightstream_parquet.read_ahead import read_ahead
from flightstream_parquet.reader import Limits, Reader
from flightstream_parquet.recent import Recent

_FOOTERS_BYTES = 128 * 2**20
_SCHEMAS = 256
_LOOK_SECONDS = 1.0


@adapter
class ParquetAdapter:
    """Serves Parquet files; what a request does not need is not read.

    What stands at the end of a file is read once for each version of it, and kept
    while there is room. Safe for any number of threads.
    """

    hooks_version: ClassVar[str] = "1.0"
    pushdown: ClassVar[frozenset[str]] = frozenset(
        {"columns", "filter", "limit", "offset", "partitions"}
    )

    source: Source
    pattern: tuple[str, ...] = option(
        ("**/*.parquet", "**/*.parq", "**/*.pq"),
        help="Which files to serve; letter case does not matter.",
    )
    batch_rows: int = option(32_768, help="The most rows in a batch.", minimum=1)
    dictionary: Dictionary = option(
        "decode",
        help="What to do with columns that were dictionaries when they were written: serve their"
        " values, which every client reads, or keep them.",
        choices=("decode", "keep"),
    )
    memory_limit: ByteSize = option(
        ByteSize(2**30),
        help="The most memory that reading a row group may take at once, however small its file is.",
        minimum=2**20,
    )

    _footers: Recent[Footer] = field(factory=lambda: Recent(_FOOTERS_BYTES, _weight), init=False)
    _schemas: Recent[pa.Schema] = field(factory=lambda: Recent(_SCHEMAS), init=False)

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        """Yield every file, and the flights of many files; none is opened."""
        for files in self.source.file_sets(*self.pattern, ignore_case=True):
            yield self._flight(files)

    @hookimpl
    def get_schema(self, flight: Flight) -> pa.Schema:
        """Return the schema, which stands at the end of a file."""
        return self._schema(flight.origin)

    @hookimpl
    def plan_partitions(self, flight: Flight, request: ScanRequest, target: int) -> list[Share]:
        """Return runs of row groups that take about the same number of bytes."""
        return self._plan(flight, request).partitions(target)

    @hookimpl
    def estimate_scan(self, flight: Flight, request: ScanRequest) -> ScanEstimate:
        """Tell which row groups would be read, and without a filter how many rows there are."""
        return self._plan(flight, request).estimate()

    @hookimpl
    def stream_batches(self, flight: Flight, request: ScanRequest) -> Generator[pa.RecordBatch]:
        """Yield the rows in the order of the files and in each."""
        is_filtered = request.filter is not None  # if not, the plan leaves out rows itself
        left = request if is_filtered else evolve(request, offset=0, limit=None)
        return left.narrow(self._batches(flight, request))

    def _batches(self, flight: Flight, request: ScanRequest) -> Generator[pa.RecordBatch]:
        plan = self._plan(flight, request)
        half = request.buffer_bytes // 2
        with closing(read_ahead(self._read(plan, half), _size, half)) as read:
            for check, batch in read:
                check(batch is None)
                if batch is not None:
                    yield batch

    def _read(
        self, plan: Plan, buffer_bytes: int
    ) -> Generator[tuple["_Check", pa.RecordBatch | None]]:
        """Yield batches of the flight, and nothing after the last of each file."""
        limits = Limits(self.batch_rows, self.memory_limit, buffer_bytes)
        wanted = pa.schema([plan.schema.field(name) for name in plan.needed], plan.schema.metadata)
        for part in plan.parts():
            if not part.groups:
                continue
            file = plan.files.files[part.number]
            check = _Check(file)
            reader = Reader(file, part, plan.own_columns(part), limits)
            with closing(reader.batches()) as batches:
                for batch in batches:
                    yield check, plan.files.conform(part.number, batch, wanted)
            yield check, None

    def _plan(self, flight: Flight, request: ScanRequest) -> Plan:
        files: FileSet = flight.origin
        return Plan(files, self._schema(files), request, self._footer)

    def _flight(self, files: FileSet) -> Flight:
        known = [self._footers.known(_key(file)) for file in files.files]
        is_alone = files.grouping is None
        return Flight(
            files.name,
            origin=files,
            version=files.version,
            schema=known[0].schema if is_alone and known[0] else None,
            total_records=sum(footer.rows for footer in known if footer) if all(known) else -1,
            total_bytes=files.size,
        )

    def _schema(self, files: FileSet) -> pa.Schema:
        if files.grouping is None:
            return self._footer(files.files[0]).schema
        return self._schemas.get((files.name, files.version), lambda: self._schema_of_all(files))

    def _schema_of_all(self, files: FileSet) -> pa.Schema:
        schema = files.schema(lambda file: self._footer(file).schema)
        # It tells of the rows of the first file, and which of them pandas had as an index.
        kept = {key: value for key, value in (schema.metadata or {}).items() if key != b"pandas"}
        return schema.with_metadata(kept or None)

    def _footer(self, file: File) -> Footer:
        return self._footers.get(_key(file), lambda: read_footer(file, self.dictionary))


@define(eq=False)
class _Check:
    """Holds a file against what it was, each time where that is cheap."""

    _file: File
    _next: float = field(init=False)

    @_next.default
    def _at_once(self) -> float:
        is_local = isinstance(self._file.filesystem, pafs.LocalFileSystem)
        return 0.0 if is_local else time.monotonic() + _LOOK_SECONDS

    def __call__(self, is_last: bool) -> None:
        """Look at the file, if it is time to."""
        if not self._next:
            self._file.check_unchanged()
        elif is_last or time.monotonic() >= self._next:
            self._file.check_unchanged()
            self._next = time.monotonic() + _LOOK_SECONDS


def _key(file: File) -> tuple[str, str]:
    return file.name, file.version


def _weight(footer: Footer) -> int:
    return footer.weight


def _size(read: tuple[_Check, pa.RecordBatch | None]) -> int:
    return 0 if read[1] is None else int(read[1].get_total_buffer_size())
