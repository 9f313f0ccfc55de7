"""How much is in the batches of a file."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

import pyarrow as pa
from attrs import field, frozen

from flightstream_arrow.columns import Columns
from flightstream_arrow.handle import Handle
from flightstream_arrow.index import Index
from flightstream_arrow.message import BATCH
from flightstream_arrow.reader import expected


@frozen(eq=False)
class Counts:
    """What the batches of a file say before their data.

    Args:
        schema: That of the file.
        rows: How many rows each batch has.
        sizes: How many bytes each takes in the file.
        column_bytes: What each column takes in all of them.
    """

    schema: pa.Schema
    rows: "array[int]" = field(repr=False)
    sizes: "array[int]" = field(repr=False)
    column_bytes: "array[int]" = field(repr=False)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(self.rows)

    def batches_of(self, rows: range) -> range:
        """Return which batches have some of these rows."""
        ends = list(accumulate(self.rows))
        if not rows:
            return range(0)
        return range(bisect_right(ends, rows.start), bisect_left(ends, rows.stop) + 1)[: len(ends)]

    def bytes_of(self, batches: range, names: Iterable[str]) -> int:
        """Return about how many bytes some columns of some batches take in the file."""
        whole: int = sum(self.sizes[batches.start : batches.stop])
        wanted = {self.schema.get_field_index(name) for name in names}
        if len(wanted) == len(self.schema):
            return whole
        share: int = sum(self.column_bytes[number] for number in wanted)
        return whole * share // max(sum(self.column_bytes), 1)


def count(handle: Handle, index: Index) -> Counts:
    """Read what the batches of a file, not of a stream, say before their data.

    Raises:
        Problem: It is damaged.
    """
    assert index.footer is not None
    columns = Columns.of(index.schema, index.schema.names)
    rows, sizes = array("q"), array("q")
    column_bytes = array("q", [0] * len(index.schema))
    for block in index.footer.batches:
        head = handle.read(block.offset, block.head_bytes)
        message = expected(head, block, BATCH)
        rows.append(message.rows)
        sizes.append(block.size)
        for number, buffers in enumerate(columns.buffers(message)):
            column_bytes[number] += message.stored(buffers)
    return Counts(index.schema, rows, sizes, column_bytes)
