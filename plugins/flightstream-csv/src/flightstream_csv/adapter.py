"""The adapter: options, and the hooks that find and stream CSV files."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import pyarrow as pa
from attrs import evolve, field, validators

from flightstream import (
    ByteSize,
    File,
    Flight,
    InvalidData,
    ScanRequest,
    Source,
    adapter,
    hookimpl,
    option,
)
from flightstream_csv import checks
from flightstream_csv.dialect import Dialect
from flightstream_csv.infer import infer
from flightstream_csv.layout import Layout, Layouts
from flightstream_csv.parse import BlockParser
from flightstream_csv.scan import Sizes, scan
from flightstream_csv.workers import Workers

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
    pushdown: ClassVar[frozenset[str]] = frozenset({"columns"})

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
        """Yield every file that is not empty."""
        files = list(self.source.files(*self.pattern, ignore_case=True))
        empty = [file for file in files if not file.size]
        self._empty = {name: file for file in empty for name in (file.stem, file.name)}
        return (self._flight(file) for file in files if file.size)

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
        """Return the schema, found out at the first call for a version of the file."""
        return self._layout(flight.origin).schema

    @hookimpl
    def stream_batches(self, flight: Flight, request: ScanRequest) -> Iterator[pa.RecordBatch]:
        """Yield the rows in the order of the file."""
        file: File = flight.origin
        layout = self._layout(file)
        parser = BlockParser(
            layout,
            request.columns,
            on_bad_value=self.on_bad_value,
            on_bad_row=self.on_bad_row,
        )
        sizes = evolve(self._sizes, batch_rows=self.batch_rows)
        return scan(file, layout, parser, self._workers, request.counts, sizes)

    def _flight(self, file: File) -> Flight:
        known = self._layouts.known((file.name, file.version))
        return Flight(
            file.stem,
            origin=file,
            version=file.version,
            schema=known and known.schema,
            total_bytes=file.size,
        )

    def _layout(self, file: File) -> Layout:
        if not file.size:
            raise _empty(file)
        return self._layouts.get(
            (file.name, file.version),
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


def _empty(file: File) -> InvalidData:
    return InvalidData(f"the file {file.name!r} is empty: it has no header and no rows")
