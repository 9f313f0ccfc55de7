"""The rows of a file, while they are written."""

import pyarrow as pa
from attrs import define, field

from flightstream_cache.label import Blocks, checksum
from flightstream_cache.part import Part


@define(eq=False)
class Writer:
    """Writes batches as an Arrow IPC stream, and reads those that are written.

    There is nothing to be flushed: what a crash tears is found out by its checksums.
    """

    part: Part
    schema: pa.Schema
    _sink: pa.NativeFile = field(init=False)
    _stream: pa.ipc.RecordBatchStreamWriter = field(init=False)
    _ends: list[int] = field(factory=list, init=False)
    _rows: list[int] = field(factory=list, init=False)
    _sums: list[int] = field(factory=list, init=False)
    _scratch: bytearray = field(factory=bytearray, init=False)

    def __attrs_post_init__(self) -> None:
        self._sink = pa.OSFile(str(self.part.path), "wb")
        self._stream = pa.ipc.new_stream(self._sink, self.schema)

    @property
    def size(self) -> int:
        """How many bytes are written."""
        return self._ends[-1] if self._ends else 0

    @property
    def blocks(self) -> Blocks:
        """What is written."""
        has_dictionaries = self._stream.stats.num_dictionary_batches > 0
        return Blocks(has_dictionaries, self._ends, self._rows, self._sums)

    def has(self, number: int) -> bool:
        """Tell whether a batch can be read again: it is there, and needs no dictionary."""
        return number < len(self._ends) and not self._stream.stats.num_dictionary_batches

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch.

        Raises:
            OSError: It could not be written.
            ArrowException: It cannot be, or has another schema.
        """
        start = self.size
        self._stream.write_batch(batch)
        end = self._sink.tell()
        self._sums.append(self._checksum(start, end))
        self._rows.append(batch.num_rows)
        self._ends.append(end)

    def _checksum(self, start: int, end: int) -> int:
        if len(self._scratch) < end - start:
            self._scratch = bytearray(end - start)
        block = memoryview(self._scratch)[: end - start]
        self.part.read_into(block, start)
        return checksum(block)

    def read(self, number: int) -> pa.RecordBatch | None:
        """Return a batch that was written; ``None`` if the file was discarded meanwhile."""
        start, end = self._ends[number - 1] if number else 0, self._ends[number]
        block = self.part.read(start, end)
        if len(block) < end - start:
            return None
        messages = pa.BufferReader(block)
        if not number:
            pa.ipc.read_message(messages)  # the schema
        return pa.ipc.read_record_batch(pa.ipc.read_message(messages), self.schema)

    def finish(self, label: bytes) -> None:
        """Write the end of the stream, and what stands behind it."""
        self._stream.close()
        self._sink.write(label)
        self._sink.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._sink.close()
