"""A flight that is kept, mapped into memory."""

import os
import time
from collections.abc import Generator
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
from attrs import evolve, field, frozen

from flightstream import ScanRequest
from flightstream_cache.label import Damaged, Label, checksum


@frozen
class Identity:
    """What changes when somebody writes to a file."""

    device: int
    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Identity":
        """Return that of a file."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@frozen(eq=False)
class Entry:
    """A file of the folder, open for as long as a batch of it is used.

    Args:
        label: What it has.
        identity: Which file it is.
        proven: The blocks whose checksums were right. Kept from one reading to the
            next, for a block's checksum takes all columns of it.
    """

    label: Label
    identity: Identity
    _data: pa.Buffer = field(repr=False)
    proven: set[int] = field(factory=set, repr=False)

    @classmethod
    def open(cls, path: Path, *, is_use: bool = True) -> "Entry":
        """Map a file, and note that it is used if it is.

        Raises:
            FileNotFoundError: There is none.
            OSError: It cannot be read.
            Damaged: It is not as it was written.
        """
        found = Identity.of(path.stat())
        if not found.size:
            raise Damaged("it is empty")
        with pa.memory_map(str(path)) as file:  # it stays mapped, and is no open file any more
            data = file.read_buffer()
        if Identity.of(path.stat()) != found:
            raise FileNotFoundError(path)  # replaced meanwhile: nobody can tell which it was
        if is_use:  # the time of access says so, also where reading does not set it
            os.utime(path, ns=(time.time_ns(), found.changed))
        return cls(Label.read(memoryview(data)), found, data)

    def has(self, request: ScanRequest, *, is_whole: bool) -> bool:
        """Tell whether it can answer a request for columns that it has.

        What was reported of all rows, nobody can tell of some.
        """
        return not self.label.counts or (is_whole and request.columns == self.label.columns)

    def batches(self, request: ScanRequest) -> Generator[pa.RecordBatch]:
        """Yield what a request asks for.

        Raises:
            Damaged: A block is not as it was written; those before it were.
        """
        first = 0
        if request.offset and request.filter is None and not self.label.blocks.has_dictionaries:
            first, skipped = self._block_of(request.offset)
            request = evolve(request, offset=request.offset - skipped)
        return request.narrow(self._blocks(first, request.needed))

    def _block_of(self, row: int) -> tuple[int, int]:
        """Return the block with a row, and how many rows stand before that."""
        before = [0, *accumulate(self.label.blocks.rows)]
        for number, rows in enumerate(before[1:]):
            if row < rows:
                return number, before[number]
        return len(self.label.blocks.rows), before[-1]

    def _blocks(self, first: int, columns: tuple[str, ...] | None) -> Generator[pa.RecordBatch]:
        self._prove(0)
        source = pa.BufferReader(self._data)
        fields = None
        if columns is not None:
            schema = pa.ipc.read_schema(self._data)
            fields = [schema.get_field_index(name) for name in columns]
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        reader = pa.ipc.open_stream(source, options=options)
        if first:
            source.seek(self.label.blocks.ends[first - 1])
        for number in range(first, len(self.label.blocks.ends)):
            self._prove(number)
            yield reader.read_next_batch()

    def _prove(self, number: int) -> None:
        if number in self.proven:
            return
        blocks = self.label.blocks
        if checksum(memoryview(self._data)[blocks.span(number)]) != blocks.sums[number]:
            raise Damaged(f"block {number} has changed")
        self.proven.add(number)
