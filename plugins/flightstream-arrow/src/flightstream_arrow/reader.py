"""The batches of one open file."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
from attrs import define, frozen

from flightstream import ByteSize
from flightstream_arrow.columns import Columns
from flightstream_arrow.decoder import Decoder
from flightstream_arrow.handle import Handle, is_end, parse_head
from flightstream_arrow.index import Index
from flightstream_arrow.message import BATCH, DICTIONARY, Block, Message
from flightstream_arrow.problem import Problem


@frozen
class Rules:
    """What a file has to keep to.

    Args:
        max_batch_bytes: What a batch may take in memory, and what all dictionaries may.
        trusted: Whether to leave out the checks that look at every value.
        unfinished: Whether a stream may lack the mark of its end.
    """

    max_batch_bytes: int = 2**30
    trusted: bool = False
    unfinished: bool = False


@define
class Skip:
    """How many rows are still to be left out of what comes."""

    rows: int = 0

    def takes(self, rows: int) -> bool:
        """Tell whether so many rows are left out altogether, and take note of it."""
        if rows > self.rows:
            return False
        self.rows -= rows
        return True

    def cut(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return what is left of a batch of more rows."""
        rows, self.rows = self.rows, 0
        return batch.slice(rows)


class Reader:
    """Reads batches in their order. Not safe for several threads at once.

    Args:
        handle: The open file.
        index: What it says of itself.
        names: The columns to read.
        rules: What it has to keep to.

    Raises:
        Problem: The file is damaged, here and in all methods.
    """

    def __init__(self, handle: Handle, index: Index, names: Iterable[str], rules: Rules) -> None:
        self._handle = handle
        self._index = index
        self._rules = rules
        self._columns = Columns.of(index.schema, names)
        wanted = self._columns.wanted
        self._decoder = Decoder(
            index.head, None if wanted is None else sorted(wanted), trusted=rules.trusted
        )
        self._dictionaries: dict[int, int] = {}
        self._number = 0  # of the batch that is read, from 1

    def batches(self, batches: range) -> Iterator[pa.RecordBatch]:
        """Yield some of the batches of a file, counted from 0."""
        return self._numbered(self._listed(batches))

    def stream(self, skip: Skip) -> Iterator[pa.RecordBatch]:
        """Yield the batches of a stream but those that are left out whole."""
        return self._numbered(self._streamed(skip))

    def _numbered(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except Problem as problem:
            problem.batch = self._number
            raise

    def _listed(self, batches: range) -> Iterator[pa.RecordBatch]:
        footer = self._index.footer
        assert footer is not None
        for block in footer.dictionaries if batches else ():
            head = self._handle.read(block.offset, block.head_bytes)
            message = expected(head, block, DICTIONARY)
            if message.dictionary in self._dictionaries and not message.is_delta:
                raise Problem("it has two dictionaries for the same column")
            self._take_dictionary(message, head, block.offset)
        for number in batches:
            self._number = number + 1
            block = footer.batches[number]
            if self._columns.wanted is None:  # one access, not two
                self._check_read(block.body_bytes)
                both = self._handle.read(block.offset, block.size)
                head, body = both.slice(0, block.head_bytes), both.slice(block.head_bytes)
                yield self._decoded(expected(head, block, BATCH), head, body)
            else:
                head = self._handle.read(block.offset, block.head_bytes)
                yield self._batch(expected(head, block, BATCH), head, block.offset)

    def _streamed(self, skip: Skip) -> Iterator[pa.RecordBatch]:
        offset, size = self._index.start, self._handle.file.size
        while offset < size:
            head = self._handle.read_head(offset)
            if is_end(head):
                if offset + head.size < size:
                    raise Problem("there is more after the end of the stream")
                return
            message = parse_head(head)
            if message.kind == DICTIONARY:
                self._take_dictionary(message, head, offset)
            elif message.kind == BATCH:
                self._number += 1
                if not skip.takes(message.rows):
                    yield self._batch(message, head, offset)
            else:
                raise Problem("it has a message that is no batch")
            offset += head.size + message.body_bytes
        if offset > size or not self._rules.unfinished:
            raise Problem("the stream has no end: it is cut short, or not whole yet")

    def _batch(self, message: Message, head: pa.Buffer, offset: int) -> pa.RecordBatch:
        spans = [(0, message.body_bytes)]
        if self._columns.wanted is not None:
            spans = sorted(map(message.span, self._columns.buffers(message)))
        self._check_read(sum(stop - start for start, stop in spans))
        body = self._handle.read_parts(offset + head.size, message.body_bytes, spans)
        return self._decoded(message, head, body)

    def _decoded(self, message: Message, head: pa.Buffer, body: pa.Buffer) -> pa.RecordBatch:
        weight = message.values
        if message.is_compressed:
            columns = self._columns.buffers(message)
            weight = max(weight, sum(message.weigh(body, column) for column in columns))
        self._check_weight(weight)
        return self._decoder.decode(head, body)

    def _take_dictionary(self, message: Message, head: pa.Buffer, offset: int) -> None:
        self._check_read(message.body_bytes)
        body = self._handle.read(offset + head.size, message.body_bytes)
        weight = message.weigh(body, range(len(message.buffers) // 2))
        before = self._dictionaries.get(message.dictionary, 0) if message.is_delta else 0
        self._dictionaries[message.dictionary] = before + max(weight, message.values)
        self._check_weight(sum(self._dictionaries.values()))
        self._decoder.put_dictionary(head, body)

    def _check_read(self, size: int) -> None:
        if not self._handle.is_mapped:
            self._check_weight(size)

    def _check_weight(self, weight: int) -> None:
        if weight > (limit := self._rules.max_batch_bytes):
            raise Problem(
                f"it would take {weight:,} bytes of memory, and max_batch_bytes is"
                f" {ByteSize(limit)}"
            )


def expected(head: pa.Buffer, block: Block, kind: int) -> Message:
    """Read the description of a message that a footer lists.

    Raises:
        Problem: It is damaged, or another.
    """
    message = parse_head(head)
    if message.kind != kind or message.body_bytes != block.body_bytes:
        raise Problem("it is not what the footer says")
    return message
