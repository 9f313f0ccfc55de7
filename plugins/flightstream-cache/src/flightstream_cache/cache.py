"""The service: what is kept of a flight, and what is read from that."""

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
from attrs import field

from flightstream import ByteSize, Flight, ScanRequest, hookimpl, option, service
from flightstream_cache.build import Missed
from flightstream_cache.builds import Builds, Read
from flightstream_cache.folder import Folder
from flightstream_cache.label import Damaged
from flightstream_cache.wanted import Wanted


@service
class Cache:
    """Keeps what streams by as Arrow files, and serves these from then on.

    .. versionadded:: 0.1
    """

    hooks_version: ClassVar[str] = "1.0"

    folder: Path = option(help="Where the files are; it is made if there is none.")
    max_bytes: ByteSize = option(
        ByteSize(10 * 2**30), help="How large they may be together.", minimum=2**20
    )
    flights: tuple[str, ...] = option(
        ("**",),
        help="Which flights to keep, by patterns of their paths.",
    )

    _folder: Folder = field(init=False, repr=False)
    _builds: Builds = field(init=False, repr=False)
    _wanted: re.Pattern[str] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._folder = Folder(self.folder, self.max_bytes)
        self._builds = Builds(self._folder)
        self._wanted = re.compile("|".join(map(_pattern, self.flights)))

    @hookimpl
    def on_startup(self) -> None:
        """Make the folder, and tidy it up.

        Raises:
            ConfigError: It cannot be used, or others may write there.
        """
        self._folder.prepare()

    @hookimpl
    def wrap_stream(
        self, flight: Flight, path: tuple[str, ...], version: str
    ) -> Callable[[ScanRequest, Read], Iterator[pa.RecordBatch]] | None:
        """Put the cache before the reading of a flight whose changes can be told."""
        name = "/".join(path)
        if not version or not self._wanted.fullmatch(name):
            return None
        return partial(self._read, flight, name, version)

    def _read(
        self, flight: Flight, name: str, version: str, request: ScanRequest, read: Read
    ) -> Generator[pa.RecordBatch]:
        wanted, rows = Wanted(name, version, request), 0
        with closing(self._batches(flight, wanted, read)) as batches:
            try:
                for batch in batches:
                    rows += batch.num_rows
                    yield batch
                return
            except (Damaged, Missed):
                pass  # streams have a fixed order: the same request goes on where this ended
        with closing(read(request)) as anew:
            yield from _after(anew, rows)

    def _batches(self, flight: Flight, wanted: Wanted, read: Read) -> Generator[pa.RecordBatch]:
        counts = wanted.request.counts
        for key in wanted.candidates():
            entry = self._folder.open(key)
            if entry is not None and entry.has(wanted.request, is_whole=wanted.is_whole):
                counts.note("cache_hits")
                try:
                    yield from entry.batches(wanted.request)
                except Damaged as exc:
                    self._folder.throw_away(key, exc)
                    raise
                for name, number in entry.label.counts.items():
                    counts.add(name, number)
                return
        joined = self._builds.join(wanted, flight, read)
        if joined is None:
            counts.note("cache_passes")
            yield from read(wanted.request)
            return
        build, is_new = joined
        counts.note("cache_misses" if is_new else "cache_hits")
        try:
            yield from build.batches()
            counts.merge(build.counts)
        finally:
            self._builds.leave(build)


def _after(batches: Iterable[pa.RecordBatch], rows: int) -> Generator[pa.RecordBatch]:
    """Yield what follows so many rows."""
    for batch in batches:
        if rows < batch.num_rows:
            yield batch.slice(rows)
        rows = max(0, rows - batch.num_rows)


def _pattern(text: str) -> str:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(parts.get(part) or re.escape(part) for part in re.split(r"(\*\*/?|\*|\?)", text))
