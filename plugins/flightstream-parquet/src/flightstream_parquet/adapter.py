"""The adapter: options, and the hooks that find and stream Parquet files."""

from collections.abc import Generator, Iterator, Sequence
from typing import ClassVar, Literal

import pyarrow as pa
from attrs import evolve, field

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
from flightstream_parquet.footer import Footer, Footers, read_footer
from flightstream_parquet.pages import read_groups
from flightstream_parquet.read_ahead import read_ahead
from flightstream_parquet.spans import Scan, Span

# GetFlightInfo is quick: of more files, their rows are not counted.
_MOST_FOOTERS = 32


@adapter
class ParquetAdapter:
    """Serves Parquet files, and reads no more of them than a command needs.

    Footers are read once for each version of a file. Safe for any number of
    threads.
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
    dictionary: Literal["decode", "keep"] = option(
        "decode", help="Whether columns that were written as dictionaries are served as such."
    )
    max_row_group_bytes: ByteSize = option(
        ByteSize(4 * 2**30),
        help="The most memory that one row group may say it takes; a larger one is an error.",
        minimum=1024,
    )

    _footers: Footers = field(factory=Footers, init=False)

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        """Yield every file, and the flights of many files; no file is opened."""
        for files in self.source.file_sets(*self.pattern, ignore_case=True):
            known = self._footers.known(files.files[0]) if files.grouping is None else None
            yield Flight(
                files.name,
                origin=files,
                version=files.version,
                schema=known.schema if known else None,
                total_records=known.metadata.num_rows if known else -1,
                total_bytes=files.size,
            )

    @hookimpl
    def get_schema(self, flight: Flight) -> pa.Schema:
        """Return the schema; one footer is read, or all if they may differ."""
        return self._schema(flight.origin)

    @hookimpl
    def plan_partitions(
        self, flight: Flight, request: ScanRequest, target: int
    ) -> Sequence[tuple[Span, ...]]:
        """Return parts of about the same stored size: row groups, or whole files."""
        return self._scan(flight.origin, request).parts(target)

    @hookimpl
    def estimate_scan(self, flight: Flight, request: ScanRequest) -> ScanEstimate:
        """Tell which files and row groups would be read, as their footers tell."""
        files: FileSet = flight.origin
        numbers = files.matching(request.filter)
        read = {"files": len(numbers), "files_pruned": len(files.files) - len(numbers)}
        scan = self._scan(files, request)
        if not scan.knows_footers(self._footers.known, _MOST_FOOTERS):
            size = sum(files.files[number].size for number in numbers)
            return ScanEstimate(bytes=size, details=read)
        groups, rows, size = scan.sizes()
        of = sum(len(self._footer(files.files[number]).row_groups) for number in numbers)
        read |= {"row_groups": groups, "row_groups_pruned": of - groups}
        return ScanEstimate(records=_records(rows, request), bytes=size, details=read)

    @hookimpl
    def stream_batches(self, flight: Flight, request: ScanRequest) -> Generator[pa.RecordBatch]:
        """Yield the rows in the order of the files and in each, read a few batches ahead."""
        return read_ahead(lambda: self._rows(flight.origin, request))

    def _rows(self, files: FileSet, request: ScanRequest) -> Generator[pa.RecordBatch]:
        skipped = 0 if request.filter is not None else request.offset
        batches = self._batches(files, request, skipped)
        return evolve(request, offset=request.offset - skipped).narrow(batches)

    def _batches(
        self, files: FileSet, request: ScanRequest, skipped: int
    ) -> Generator[pa.RecordBatch]:
        """Yield batches of the flight with the columns that are needed.

        Args:
            files: Of the flight.
            request: What is asked.
            skipped: How many rows to leave out first; whole row groups are not read.
        """
        schema = self._schema(files)
        needed = schema.names if request.needed is None else request.needed
        wanted = pa.schema([schema.field(name) for name in needed], schema.metadata)
        for span in self._scan(files, request).spans():
            file = files.files[span.file]
            footer = self._footer(file)
            groups = list(span.groups or ())
            while groups and skipped >= footer.rows(groups[0]):
                skipped -= footer.rows(groups.pop(0))
            columns = files.own_columns(needed, footer.schema)
            for batch in read_groups(file, footer, groups, columns, self.batch_rows):
                left_out = min(skipped, batch.num_rows)
                skipped -= left_out
                yield files.conform(span.file, batch.slice(left_out), wanted)

    def _scan(self, files: FileSet, request: ScanRequest) -> Scan:
        return Scan(files, self._schema(files), request, self._footer)

    def _schema(self, files: FileSet) -> pa.Schema:
        return files.schema(lambda file: self._footer(file).schema)

    def _footer(self, file: File) -> Footer:
        return self._footers.get(
            file,
            lambda file: read_footer(
                file,
                keep_dictionaries=self.dictionary == "keep",
                max_row_group_bytes=self.max_row_group_bytes,
            ),
        )


def _records(rows: int, request: ScanRequest) -> int:
    """Return how many of the rows that are read a request yields, where that is certain."""
    if request.filter is not None:
        return -1
    left = max(0, rows - request.offset)
    return left if request.limit is None else min(left, request.limit)
