"""Messages made batches by Arrow, and held against what it takes for granted."""

from collections import deque
from collections.abc import Sequence

import pyarrow as pa

from flightstream_arrow.problem import Problem

# Arrow's own, UnicodeDecodeError, and what its stream raises where it ends.
FAILURES = (pa.ArrowException, OSError, ValueError, StopIteration)


class Decoder:
    """Turns the messages of one file into batches, without copying them.

    Arrow reads a stream, which is fed to it message by message: so it never sees
    one that was not looked at before. Not safe for several threads at once.

    Args:
        schema: The message that the schema is.
        wanted: The numbers of the columns to read; ``None`` for all.
        trusted: Whether to leave out the checks that look at every value.

    Raises:
        Problem: The schema is damaged.
    """

    def __init__(
        self, schema: pa.Buffer, wanted: Sequence[int] | None = None, *, trusted: bool = False
    ) -> None:
        self._trusted = trusted
        self._feed = _Feed()
        self._feed.put(schema)
        options = pa.ipc.IpcReadOptions(
            included_fields=[] if wanted is None else list(wanted),
            ensure_alignment=pa.ipc.Alignment.DataTypeSpecific,
        )
        try:
            stream = pa.PythonFile(self._feed, mode="r")
            self._reader = pa.ipc.open_stream(stream, options=options)
        except FAILURES as exc:
            raise Problem("its schema is damaged") from exc

    @property
    def schema(self) -> pa.Schema:
        """That of the batches."""
        return self._reader.schema

    def put_dictionary(self, head: pa.Buffer, body: pa.Buffer) -> None:
        """Take a dictionary for the batches to come."""
        self._feed.put(head, body)

    def decode(self, head: pa.Buffer, body: pa.Buffer) -> pa.RecordBatch:
        """Return the batch that a message is.

        Raises:
            Problem: It is no valid data.
        """
        self._feed.put(head, body)
        try:
            batch = self._reader.read_next_batch()
            batch.validate(full=not self._trusted)
        except FAILURES as exc:
            raise Problem("its data is damaged") from exc
        for column, values in zip(batch.schema, batch.columns, strict=True):
            if not column.nullable and values.null_count:
                raise Problem(f"the column {column.name!r} has nulls, and is declared to have none")
        return batch


class _Feed:
    """A file for Arrow to read from, whose content is put in while it reads."""

    closed = False

    def __init__(self) -> None:
        self._coming: deque[pa.Buffer] = deque()

    def put(self, *buffers: pa.Buffer) -> None:
        self._coming.extend(buffer for buffer in buffers if buffer.size)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def read(self, size: int) -> pa.Buffer | bytes:
        # Arrow asks for the parts of a message one by one, so none is ever copied.
        if not self._coming:
            return b""
        first = self._coming.popleft()
        if first.size > size:
            self._coming.appendleft(first.slice(size))
        return first.slice(0, size)
