"""A file while it is written, which nobody reads before it is whole."""

import os
import zlib
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from attrs import define, field

from flightstream.client.offline.label import Label

# How much room is looked for at once, so that it is not done for each batch.
_STEP_BYTES = 8 * 2**20
_STEPS = 16


class Room(Protocol):
    """Where room is looked for."""

    max_bytes: int

    def make_room(self, size: int) -> None:
        """Make it, or raise an ``OSError``."""


@define(eq=False)
class _Summed:
    """A file, and the checksum of what was written to it."""

    file: Any
    size: int = field(default=0, init=False)
    checksum: int = field(default=0, init=False)
    closed: bool = field(default=False, init=False)

    def write(self, data: Any) -> None:
        self.checksum = zlib.crc32(data, self.checksum)
        self.size += len(data)
        self.file.write(data)

    def flush(self) -> None:
        """Leave it to the end."""


@define(eq=False)
class Writer:
    """Writes batches as an Arrow IPC stream, and a label behind them.

    There is nothing to be flushed to the disk: what a crash tears, its checksum tells.
    """

    room: Room
    path: Path
    schema: pa.Schema
    _sink: _Summed = field(init=False)
    _stream: pa.ipc.RecordBatchStreamWriter = field(init=False)
    _allowed: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._sink = _Summed(os.fdopen(os.open(self.path, flags, 0o600), "wb"))
        try:
            self._stream = pa.ipc.new_stream(self._sink, self.schema)
        except BaseException:
            self.close()
            raise

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch.

        Raises:
            OSError: It could not be written, or there is no room for it.
            ArrowException: It cannot be, or has another schema.
        """
        needed = self._sink.size + batch.nbytes
        if needed > self._allowed:
            more = batch.nbytes + min(_STEP_BYTES, self.room.max_bytes // _STEPS)
            self.room.make_room(more)
            self._allowed = self._sink.size + more
        self._stream.write_batch(batch)

    def finish(self, label: Label, path: Path) -> None:
        """Write the end, and give the file its name, in place of whatever has that.

        Raises:
            OSError: It could not be written, or somebody has removed it.
        """
        self._stream.close()
        self._sink.file.write(label.to_bytes(self._sink.checksum, self._sink.size))
        self._sink.file.close()
        self.room.make_room(0)
        os.replace(self.path, path)

    def close(self) -> None:
        """Close the file, and remove it if it has not got its name.

        Raises:
            OSError: It cannot be removed.
        """
        try:
            self._sink.file.close()
        finally:
            self.path.unlink(missing_ok=True)
