"""What stands before the data of a batch or a dictionary, looked at before Arrow does."""

import struct
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from attrs import frozen

from flightstream_arrow.flatbuffer import Table
from flightstream_arrow.problem import Problem

SCHEMA, DICTIONARY, BATCH = 1, 2, 3  # MessageHeader of Arrow's Message.fbs
_V4 = 3
# Arrow 0.17 marked compressed data so, in metadata of the message.
_TRIAL = b"ARROW:experimental_compression"
_BLOCK = struct.Struct("<qi4xq")  # Block of Arrow's File.fbs
_LENGTH = struct.Struct("<q")  # how long a compressed buffer was, stands before it
_AS_IT_IS = -1  # in its place: the buffer is not compressed


@frozen
class Block:
    """Where a message is in a file.

    Args:
        offset: Where it begins.
        head_bytes: The length of its prefix and description.
        body_bytes: The length of its data, which follows.
    """

    offset: int
    head_bytes: int
    body_bytes: int

    @property
    def size(self) -> int:
        """Its length altogether."""
        return self.head_bytes + self.body_bytes


@frozen
class Blocks(Sequence[Block]):
    """The messages that the footer of a file lists, as they stand there."""

    raw: bytes

    def __len__(self) -> int:
        return len(self.raw) // _BLOCK.size

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        return Block(*_BLOCK.unpack_from(self.raw, number * _BLOCK.size))


@frozen
class Footer:
    """What the end of a file says of it."""

    dictionaries: Blocks
    batches: Blocks

    @classmethod
    def parse(cls, data: Any) -> "Footer":
        """Read a footer.

        Raises:
            Problem: It is damaged.
        """
        table = Table.root(data)
        dictionaries, batches = (Blocks(table.structs(field, _BLOCK.size)) for field in (2, 3))
        return cls(dictionaries, batches)


@frozen
class Message:
    """The description of a message.

    Args:
        kind: :data:`SCHEMA`, :data:`DICTIONARY`, :data:`BATCH`, or what else there may be.
        is_v4: Whether it is of Arrow before 1.0, where unions have one buffer more.
        body_bytes: The length of the data.
        rows: How many rows a batch has.
        nodes: Length and number of nulls of each array, in a row.
        buffers: Position in the data and length of each buffer, in a row.
        variadic: How many buffers of values each array of views has.
        is_compressed: Whether each buffer is.
        dictionary: Which dictionary it is.
        is_delta: Whether it goes on with a dictionary, and does not replace it.
    """

    kind: int
    is_v4: bool
    body_bytes: int
    rows: int = 0
    nodes: tuple[int, ...] = ()
    buffers: tuple[int, ...] = ()
    variadic: tuple[int, ...] = ()
    is_compressed: bool = False
    dictionary: int = 0
    is_delta: bool = False

    @classmethod
    def parse(cls, data: Any) -> "Message":
        """Read a description.

        Raises:
            Problem: It is damaged, or older than what can be checked.
        """
        message = Table.root(data)
        kind, header = message.number(1, "<B"), message.table(2)
        is_v4 = message.number(0, "<h") <= _V4
        body_bytes = message.number(3, "<q")
        if header is None or body_bytes < 0:
            raise Problem("its description is damaged")
        if kind not in (DICTIONARY, BATCH):
            return cls(kind, is_v4, body_bytes)
        batch = header if kind == BATCH else header.table(1)
        if batch is None:
            raise Problem("its description is damaged")
        if is_v4 and _TRIAL in bytes(data):
            raise Problem("it was written by a trial version of Arrow: write it anew")
        rows = batch.number(0, "<q")
        if rows < 0:
            raise Problem("its description is damaged")
        return cls(
            kind,
            is_v4,
            body_bytes,
            rows,
            batch.numbers(1, 2),
            batch.numbers(2, 2),
            batch.numbers(4),
            batch.table(3) is not None,
            header.number(0, "<q") if kind == DICTIONARY else 0,
            kind == DICTIONARY and bool(header.number(2, "<b")),
        )

    @property
    def values(self) -> int:
        """How many values its longest array has."""
        return max(self.rows, *self.nodes[::2]) if self.nodes else self.rows

    def span(self, buffers: range) -> tuple[int, int]:
        """Return where in the data some buffers begin and end."""
        places = [self._place(number) for number in buffers]
        return (
            min((start for start, _ in places), default=0),
            max((stop for _, stop in places), default=0),
        )

    def stored(self, buffers: range) -> int:
        """Return how many bytes some buffers take in the file."""
        return sum(self.buffers[2 * number + 1] for number in buffers)

    def weigh(self, body: pa.Buffer, buffers: range) -> int:
        """Return how many bytes some buffers will take in memory.

        Args:
            body: The data.
            buffers: Their numbers.

        Raises:
            Problem: They are not where they are said to be.
        """
        total = 0
        for start, stop in map(self._place, buffers):
            length = stop - start
            if self.is_compressed and length:
                if length < _LENGTH.size:
                    raise Problem("its compressed data is damaged")
                length = _LENGTH.unpack_from(body, start)[0]
                if length == _AS_IT_IS:
                    length = stop - start
                elif length < 0:
                    raise Problem("its compressed data is damaged")
            total += length
        return total

    def _place(self, number: int) -> tuple[int, int]:
        offset, length = self.buffers[2 * number : 2 * number + 2]
        if not 0 <= offset <= offset + length <= self.body_bytes:
            raise Problem("its data is not where it is said to be")
        return offset, offset + length
