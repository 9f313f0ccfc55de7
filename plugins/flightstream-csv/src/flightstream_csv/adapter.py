"""The adapter: options, and the hooks that find and stream CSV files."""

from collections.abc import Iterator
from contextlib import closing
from typing import ClassVar, Literal

import pyarrow as pa
from attrs import evolve, field, validators

from flightstream import (
    ByteSize,
    File,
    FileSet,
    Flight,
    InvalidData,
    ScanEstimate,
    ScanRequest,
    Source,
    Workers,
    adapter,
    balanced,
    hookimpl,
    option,
)
from flightstream_csv import checks
from flightstream_csv.dialect import Dialect
from flightstream_csv.infer import infer
from flightstream_csv.layout import Layout, Layouts
from flightstream_csv.parse import BlockParser
from flightstream_csv.scan import Sizes, scan

_PATTERNS = tuple(
    f"**/*.{kind}{compression}"
    for kind in ("csv", "tsv")
    for compression in ("", ".gz", ".zst", ".bz2")
)


@adapter
class CsvAdapter:
    """Serves CSV files, with types found out over the whole of each file.

    A flight's schema is found out once for each version of its file, and is
    the same for every call. Safe for any number of threads.
    """

    hooks_version: ClassVar[str] = "1.0"
    pushdown: ClassVar[frozenset[str]] = frozenset({"columns", "filter", "partitions"})

    source: Source
    pattern: tuple[str, ...] = option(
        _PATTERNS, help="Which files to serve; letter case does not matter."
    )
    delimiter: str | None = option(
        None,
        help="What separates fields; by default a comma, in .tsv files a tab.",
        env="CSV_DELIMITER",
        validator=checks.is_mark,
    )
    quote: str = option(
        '"', help='What encloses fields; "" if nothing does.', validator=checks.is_mark
    )
    escape: str = option(
        "",
        help='What makes the next character text, such as a backslash; "" if nothing does.',
        validator=checks.is_mark,
    )
    header: bool | tuple[str, ...] = option(
        True,
        help="Whether the first record names the columns; or a list of names, without such a record.",
        env="CSV_HEADERS",
        validator=checks.is_header,
    )
    skip_rows: int = option(0, help="Lines to leave out before the header.", minimum=0)
    encoding: str = option(
        "utf-8",
        help="The encoding of files that have no byte order mark.",
        validator=checks.is_encoding,
    )
    null_values: tuple[str, ...] | None = option(
        None,
        help="Texts that are null in every column; by default the usual ones (NA, NULL, …),"
        " only where a column is not text without them. An empty field always is.",
    )
    true_values: tuple[str, ...] = option(
        ("true", "True", "TRUE"), help="Texts that are true in a column of booleans."
    )
    false_values: tuple[str, ...] = option(
        ("false", "False", "FALSE"),
        help="Texts that are false in a column of booleans.",
    )
    timestamp_formats: tuple[str, ...] = option(
        (),
        help="strptime formats of dates and timestamps, tried in this order; ISO 8601 always is.",
    )
    decimal_point: str = option(
        ".",
        help="The decimal point.",
        validator=validators.and_(checks.is_mark, checks.is_distinct),
    )
    column_types: dict[str, str] = option(
        factory=dict,
        help="Arrow types of columns, instead of those found out.",
        validator=checks.is_type_names,
    )
    batch_rows: int = option(
        32_768, help="The most rows in a batch.", minimum=1, env="CSV_BATCH_SIZE"
    )
    infer_bytes: ByteSize = option(
        ByteSize(4 * 2**20),
        help="How much of a file to look at for its types; a smaller one is looked at whole.",
        minimum=1024,
    )
    on_bad_value: Literal["error", "null"] = option(
        "error",
        help="What to do with a value that does not fit its column's type.",
        choices=("error", "null"),
    )
    on_bad_row: Literal["error", "skip"] = option(
        "error",
        help="What to do with a record that has too many or too few fields.",
        choices=("error", "skip"),
    )

    _empty: dict[str, File] = field(factory=dict, init=False)  # replaced whole, by one thread
    _layouts: Layouts = field(factory=Layouts, init=False)
    _workers: Workers = field(factory=Workers, init=False)
    _sizes: Sizes = field(factory=Sizes, init=False)

    @hookimpl
    def on_startup(self) -> None:
        """Allow scans."""
        self._workers.open()

    @hookimpl
    def on_shutdown(self) -> None:
        """End the threads that parse."""
        self._workers.close()

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        """Yield every file that is not empty, and the flights of many files."""
        sets = list(self.source.file_sets(*self.pattern, ignore_case=True))
        empty = [one.files[0] for one in sets if _is_empty(one)]
        self._empty = {name: file for file in empty for name in (file.stem, file.name)}
        return (self._flight(files) for files in sets if not _is_empty(files))

    @hookimpl
    def find_flight(self, name: tuple[str, ...]) -> None:
        """Say why a file that was found is not served.

        Raises:
            InvalidData: The file is empty.
        """
        if file := self._empty.get("/".join(name)):
            raise _empty(file)

    @hookimpl
    def get_schema(self, flight: Flight) -> pa.Schema:
        """Return the schema, found out at the first call for a version of each file."""
        return self._schema(flight.origin)

    @hookimpl
    def plan_partitions(self, flight: Flight, request: ScanRequest, target: int) -> list[range]:
        """Return runs of files that have about the same size."""
        files: FileSet = flight.origin
        numbers = files.matching(request.filter)
        parts = balanced([files.files[number].size for number in numbers], target)
        return [range(numbers[part[0]], numbers[part[-1]] + 1) for part in parts]

    @hookimpl
    def estimate_scan(self, flight: Flight, request: ScanRequest) -> ScanEstimate:
        """Tell which files would be read."""
        files: FileSet = flight.origin
        numbers = files.matching(request.filter)
        return ScanEstimate(
            bytes=sum(files.files[number].size for number in numbers),
            details={"files": len(numbers), "files_pruned": len(files.files) - len(numbers)},
        )

    @hookimpl
    def stream_batches(self, flight: Flight, request: ScanRequest) -> Iterator[pa.RecordBatch]:
        """Yield the rows in the order of the files and in each."""
        return request.narrow(self._batches(flight.origin, request))

    def _batches(self, files: FileSet, request: ScanRequest) -> Iterator[pa.RecordBatch]:
        schema = self._schema(files)
        needed = schema.names if request.needed is None else request.needed
        wanted = pa.schema([schema.field(name) for name in needed], schema.metadata)
        sizes = evolve(self._sizes, batch_rows=self.batch_rows).within(request.buffer_bytes)
        for number in files.matching(request.filter):
            if request.partition is not None and number not in request.partition:
                continue
            file = files.files[number]
            layout = self._layout(file).as_in(schema)
            files.check(number, layout.schema, lambda one: self._layout(one).as_in(schema).schema)
            parser = BlockParser(
                layout,
                files.own_columns(needed, layout.schema),
                on_bad_value=self.on_bad_value,
                on_bad_row=self.on_bad_row,
            )
            with closing(
                scan(file, layout, parser, self._workers, request.counts, sizes)
            ) as batches:
                for batch in batches:
                    yield files.conform(number, batch, wanted)

    def _flight(self, files: FileSet) -> Flight:
        known = files.grouping is None and self._layouts.known(_key(files.files[0]))
        return Flight(
            files.name,
            origin=files,
            version=files.version,
            schema=known.schema if known else None,
            total_bytes=files.size,
        )

    def _schema(self, files: FileSet) -> pa.Schema:
        if files.grouping is None or files.grouping.unify == "strict":
            return files.schema(lambda file: self._layout(file).schema)
        found = files.schema(lambda file: self._layout(file).seen_schema)
        return pa.schema(
            column.with_type(pa.string()) if pa.types.is_null(column.type) else column
            for column in found
        )

    def _layout(self, file: File) -> Layout:
        if not file.size:
            raise _empty(file)
        return self._layouts.get(
            _key(file),
            lambda: infer(file, self._dialect(file), self.infer_bytes),
        )

    def _dialect(self, file: File) -> Dialect:
        is_tabbed = ".tsv" in file.name[len(file.stem) :].lower()
        return Dialect(
            delimiter=(self.delimiter or ("\t" if is_tabbed else ",")).replace(r"\t", "\t"),
            quote=self.quote,
            escape=self.escape,
            encoding=self.encoding,
            header=self.header,
            skip_rows=self.skip_rows,
            decimal_point=self.decimal_point,
            null_values=self.null_values,
            true_values=self.true_values,
            false_values=self.false_values,
            formats=self.timestamp_formats,
            column_types={
                name: checks.parse_type(type) for name, type in self.column_types.items()
            },
        )


def _key(file: File) -> tuple[str, str]:
    return file.name, file.version


def _is_empty(files: FileSet) -> bool:
    return files.grouping is None and not files.size


def _empty(file: File) -> InvalidData:
    return InvalidData(f"the file {file.name!r} is empty: it has no header and no rows")
