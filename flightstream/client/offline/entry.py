"""A file that is kept, mapped into memory."""

import time
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path

import pyarrow as pa
from attrs import field, frozen

from flightstream.client.halt import Halt, closed
from flightstream.client.offline.label import Damaged, Label, Labelled
from flightstream.client.received import warn_of


@frozen(eq=False)
class Entry:
    """A file of the folder, open for as long as a batch of it is used.

    Args:
        label: What it has.
        confirmed_at: When the server last said that it is right, in seconds since 1970.
    """

    label: Label
    confirmed_at: float
    _stream: pa.Buffer = field(alias="stream", repr=False)

    @classmethod
    def open(cls, path: Path, key: str, *, with_rows: bool) -> "Entry":
        """Map a file.

        Args:
            path: Where it is.
            key: What it has to be.
            with_rows: Prove that its rows are as they were written, too.

        Raises:
            FileNotFoundError: There is none.
            OSError: It cannot be read.
            Damaged: It is not as it was written.
        """
        found = path.stat()
        if not found.st_size:
            raise Damaged("it is empty")
        with pa.memory_map(str(path)) as file:  # it stays mapped, and is no open file any more
            data = file.read_buffer()
        labelled = Labelled.read(memoryview(data), key)
        stream = data.slice(0, labelled.size)
        if with_rows and zlib.crc32(stream) != labelled.checksum:
            raise Damaged("its rows have changed")
        return cls(labelled.label, found.st_mtime, stream)

    @property
    def age_seconds(self) -> float:
        """How long ago the server said that it is right."""
        return max(0.0, time.time() - self.confirmed_at)

    @property
    def schema(self) -> pa.Schema:
        """The schema of its rows."""
        return pa.ipc.read_schema(self._stream)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield its rows."""
        yield from pa.ipc.open_stream(self._stream)


def recalled(entry: Entry, halt: Halt) -> Generator[pa.RecordBatch]:
    """Yield rows that are kept, and warn of what the server had reported of them.

    Args:
        entry: Has them.
        halt: Ends it.
    """
    for batch in entry.batches():
        if halt.is_set:
            raise closed()
        yield batch
    for counts in entry.label.counts:
        warn_of(entry.label.flight, counts)
