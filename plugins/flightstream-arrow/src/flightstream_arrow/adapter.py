"""The adapter: options, and the hooks that find and stream Arrow files."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

import pyarrow as pa
from attrs import Factory, field

from flightstream import (
    ByteSize,
    FileSet,
    Flight,
    ScanEstimate,
    ScanRequest,
    Source,
    Workers,
    adapter,
    hookimpl,
    option,
)
from flightstream_arrow.estimate import estimate
from flightstream_arrow.library import Library
from flightstream_arrow.parts import cut, whole
from flightstream_arrow.reader import Rules
from flightstream_arrow.scan import scan


@adapter
class ArrowAdapter:
    """Serves Arrow IPC files and streams, each batch checked before it is given out.

    Safe for any number of threads.
    """

    hooks_version: ClassVar[str] = "1.0"
    pushdown: ClassVar[frozenset[str]] = frozenset(
        {"columns", "filter", "limit", "offset", "partitions"}
    )

    source: Source
    pattern: tuple[str, ...] = option(
        ("**/*.arrow", "**/*.arrows", "**/*.feather"),
        help="Which files to serve; letter case does not matter.",
    )
    trusted: bool = option(
        False,
        help="Whether to leave out the checks that look at every value. Only for files that"
        " nobody else could have written: a wrong one can end the server, or worse.",
    )
    memory_map: bool = option(
        False,
        help="Whether to map local files into memory. Only for files that nobody changes in"
        " place: one that is cut short while it is read ends the server.",
    )
    max_batch_bytes: ByteSize = option(
        ByteSize(2**30),
        help="What a batch may take in memory, and what the dictionaries of a file may.",
        minimum=1024,
    )
    on_unfinished_stream: Literal["error", "accept"] = option(
        "error",
        help="What to do with a stream that lacks the mark of its end and stops between two"
        " batches: it may be whole, or not.",
        choices=("error", "accept"),
    )

    _library: Library = field(
        default=Factory(lambda self: self._make_library(), takes_self=True), init=False
    )
    _workers: Workers = field(factory=Workers, init=False)

    @hookimpl
    def on_startup(self) -> None:
        """Allow scans."""
        self._workers.open()

    @hookimpl
    def on_shutdown(self) -> None:
        """End the threads that read ahead."""
        self._workers.close()

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        """Yield every file, and every set of files."""
        for files in self.source.file_sets(*self.pattern, ignore_case=True):
            yield Flight(
                files.name,
                origin=files,
                version=files.version,
                full_name=files.full_name,
                schema=self._library.known_schema(files),
                total_bytes=files.size,
            )

    @hookimpl
    def get_schema(self, flight: Flight) -> pa.Schema:
        """Return the schema that the files have."""
        return self._library.schema(flight.origin)

    @hookimpl
    def estimate_scan(self, flight: Flight, request: ScanRequest) -> ScanEstimate:
        """Return what the files say before their data."""
        files: FileSet = flight.origin
        return estimate(files, files.matching(request.filter), request, self._library)

    @hookimpl
    def plan_partitions(self, flight: Flight, request: ScanRequest, target: int) -> Sequence[Any]:
        """Return parts that have about the same size."""
        files: FileSet = flight.origin
        return cut(files, files.matching(request.filter), self._library, target)

    @hookimpl
    def stream_batches(self, flight: Flight, request: ScanRequest) -> Iterator[pa.RecordBatch]:
        """Yield the rows in the order of the files and their batches."""
        files: FileSet = flight.origin
        spans = request.partition
        if spans is None:
            spans = whole(files.matching(request.filter))
        return scan(files, spans, request, self._library, self._workers)

    def _make_library(self) -> Library:
        rules = Rules(
            max_batch_bytes=self.max_batch_bytes,
            trusted=self.trusted,
            unfinished=self.on_unfinished_stream == "accept",
        )
        return Library(rules, self.memory_map)
