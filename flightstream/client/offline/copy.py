"""Rows that are kept while they are read, as long as that goes well."""

from collections.abc import Callable
from contextlib import suppress

import pyarrow as pa
from attrs import define, field

from flightstream.client.events import NotKept, Teller
from flightstream.client.offline.folder import Folder
from flightstream.client.offline.label import Label
from flightstream.client.offline.writer import Writer


@define(eq=False)
class Copy:
    """Writes a file; what fails is told once, and then nothing is written any more.

    Args:
        folder: Where.
        flight: The flight's path.
        tell: Told that it failed.
    """

    folder: Folder
    flight: str
    tell: Teller
    _writer: Writer | None = field(default=None, init=False)

    def begin(self, key: str, schema: pa.Schema) -> None:
        """Make the file."""
        self._try(lambda: self._open(key, schema))

    def add(self, batch: pa.RecordBatch) -> None:
        """Write a batch."""
        writer = self._writer
        if writer is not None:
            self._try(lambda: writer.write(batch))

    def finish(self, label: Label) -> None:
        """Give the file its name."""
        writer = self._writer
        if writer is not None:
            self._try(lambda: self.folder.publish(writer, label))
            self._writer = None

    def drop(self) -> None:
        """Remove the file, unless it is finished."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(OSError):
                writer.close()

    def _open(self, key: str, schema: pa.Schema) -> None:
        self._writer = self.folder.writer(key, schema)

    def _try(self, step: Callable[[], object]) -> None:
        try:
            step()
        except (OSError, pa.ArrowException) as exc:
            self.drop()
            reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
            self.tell(NotKept(self.flight, " ".join(reason.split())))
