"""The files that are served: what each holds, and how it changes under the server."""

import gzip
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Literal, TypeAlias

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from attrs import frozen

from soak import rows

Change: TypeAlias = Literal["never", "replaced", "torn", "appended", "coming"]
MAX_ROWS = 300_000
APPENDED_ROWS = 20_000
_FIRST_APPENDED = 2_000
_BLOCK_ROWS = 8_192

# What may be told of a file besides its rows, by how it changes. ``torn`` and ``appended``
# are written while they are read, so half of a record may be all that there is.
_CODES: dict[Change, frozenset[str]] = {
    "never": frozenset(),
    "replaced": frozenset({"stale"}),
    "torn": frozenset({"stale", "invalid_data"}),
    "appended": frozenset({"stale", "invalid_data"}),
    "coming": frozenset({"stale", "not_found"}),
}


@frozen
class ServedFile:
    """One file, and the flight that it is."""

    name: str
    change: Change
    least_rows: int
    most_rows: int

    @property
    def flight(self) -> str:
        """The flight's path."""
        return self.name.partition(".")[0]

    @property
    def changes(self) -> bool:
        """Whether it ever changes."""
        return self.change != "never"

    @property
    def codes(self) -> frozenset[str]:
        """The errors that reading it may end with."""
        # Tickets for CSV are good for the options that they were made with, which reloads change.
        return _CODES[self.change] | ({"stale"} if ".csv" in self.name else set())

    @property
    def is_cut_anywhere(self) -> bool:
        """Whether any first part of it is a file of its kind."""
        return self.change in ("torn", "appended") and self.name.endswith(".csv")


def _changing(change: Change) -> list[ServedFile]:
    suffixes = (".csv", ".parquet", ".arrow", ".arrows")
    return [ServedFile(f"{change}/{s[1:]}{s}", change, 2_000, 20_000) for s in suffixes]


FILES = (
    ServedFile("steady/small.csv", "never", 2_000, 2_000),
    ServedFile("steady/zipped.csv.gz", "never", 20_000, 20_000),
    ServedFile("steady/columns.parquet", "never", 60_000, 60_000),
    ServedFile("steady/batches.arrow", "never", 60_000, 60_000),
    ServedFile("steady/stream.arrows", "never", 20_000, 20_000),
    ServedFile("steady/large.csv", "never", MAX_ROWS, MAX_ROWS),
    *_changing("replaced"),
    *_changing("torn"),
    *_changing("coming"),
    ServedFile("appended/log.csv", "appended", APPENDED_ROWS, APPENDED_ROWS),
)
LARGE = FILES[5]


@frozen
class Files:
    """The files in a folder, for those who write them and those who check what was read."""

    folder: Path

    def write_first(self, random: Random) -> None:
        """Write the first version of each."""
        self._published.mkdir(parents=True)
        for file in FILES:
            self.path(file).parent.mkdir(parents=True, exist_ok=True)
            self._replace(file, 1, random)

    def path(self, file: ServedFile) -> Path:
        """Return where a file lies."""
        return self.folder / file.name

    def published(self, file: ServedFile) -> tuple[int, int]:
        """Return the version that has been whole on disk by now, and how many rows it has at least.

        Whoever asks later gets this one, or a newer one, or an error.
        """
        if file.change == "appended":
            whole = self.path(file).read_bytes().rpartition(b"\n")[0].split(b"\n")
            return int(whole[1].split(b",")[1]), len(whole) - 1
        return int((self._published / file.flight.replace("/", "-")).read_text()), 1

    def change(self, file: ServedFile, version: int, random: Random) -> None:
        """Make the next version of a file, in the way that it changes."""
        match file.change:
            case "replaced":
                self._replace(file, version, random)
            case "torn":
                self._tear(file, version, random)
            case "coming":
                self._replace(file, version, random)
                time.sleep(random.uniform(0, 0.5))
                self.path(file).unlink()
                time.sleep(random.uniform(0, 0.2))
            case "appended":
                self._replace(file, version, random)
                self._append(file, version, random)

    @property
    def _published(self) -> Path:
        return self.folder / "published"

    def _replace(self, file: ServedFile, version: int, random: Random) -> None:
        path = self.path(file)
        written = path.with_name(f"{path.name}.new")
        written.write_bytes(_content(file, version, random))
        written.rename(path)
        self._publish(file, version)

    def _tear(self, file: ServedFile, version: int, random: Random) -> None:
        content = _content(file, version, random)
        cuts = sorted(random.randrange(len(content)) for _ in range(4))
        with self.path(file).open("wb", buffering=0) as opened:
            for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
                opened.write(content[start:end])
                time.sleep(random.uniform(0, 0.1))
        self._publish(file, version)

    def _append(self, file: ServedFile, version: int, random: Random) -> None:
        lines = _encoded(".csv", rows.table(file.flight, version, APPENDED_ROWS)).splitlines(True)
        start = _FIRST_APPENDED + 1
        with self.path(file).open("ab", buffering=0) as opened:
            while start < len(lines):
                end = start + random.randrange(50, 2_000)
                opened.write(b"".join(lines[start:end]))
                start = end
                time.sleep(random.uniform(0, 0.3))

    def _publish(self, file: ServedFile, version: int) -> None:
        note = self._published / file.flight.replace("/", "-")
        written = note.with_suffix(".new")
        written.write_text(str(version))
        os.replace(written, note)


def keep_changing(
    files: Files, file: ServedFile, version: int, random: Random, goes_on: Callable[[], bool]
) -> int:
    """Change a file for as long as the round lasts; return the version that it has then."""
    while goes_on():
        version += 1
        files.change(file, version, random)
        time.sleep(random.uniform(0.02, 0.6))
    return version


def _content(file: ServedFile, version: int, random: Random) -> bytes:
    total = random.randint(file.least_rows, file.most_rows)
    table = rows.table(file.flight, version, total)
    if file.change == "appended":
        table = table.slice(0, _FIRST_APPENDED)
    return _encoded(file.name[file.name.index(".") :], table)


def _encoded(suffix: str, table: pa.Table) -> bytes:
    written = io.BytesIO()
    match suffix:
        case ".csv" | ".csv.gz":
            pacsv.write_csv(table, written, pacsv.WriteOptions(quoting_style="none"))
        case ".parquet":
            pq.write_table(table, written, row_group_size=_BLOCK_ROWS, write_page_checksum=True)
        case ".arrow":
            with pa.ipc.new_file(written, table.schema) as writer:
                writer.write_table(table, _BLOCK_ROWS)
        case ".arrows":
            with pa.ipc.new_stream(written, table.schema) as writer:
                writer.write_table(table, _BLOCK_ROWS)
    content = written.getvalue()
    return gzip.compress(content, 1) if suffix.endswith(".gz") else content
