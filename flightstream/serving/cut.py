"""Batches cut to the size of a message."""

from collections.abc import Generator
from typing import TypeAlias

import pyarrow as pa

from flightstream.errors import LimitExceeded
from flightstream.plugin import ByteSize

# A batch and what :func:`size_of` says of it.
Sized: TypeAlias = tuple[pa.RecordBatch, int]


def cut(batch: pa.RecordBatch, size: int, batch_bytes: int, max_bytes: int) -> Generator[Sized]:
    """Yield slices of a batch, in order, of about ``batch_bytes`` each; each with its size.

    Args:
        batch: What to cut.
        size: What :func:`size_of` says of it: measuring takes longer than all else here.
        batch_bytes: The size that is wanted.
        max_bytes: The size that no message may exceed.

    Raises:
        LimitExceeded: A single row is larger than ``max_bytes``.
    """
    if size <= batch_bytes and _fits(batch, max_bytes):
        yield batch, size
        return
    # What every slice carries along, such as a dictionary, gets no smaller by cutting.
    shared = size_of(batch.slice(0, 0))
    own = size - shared
    if shared > max_bytes:
        raise _too_large("a dictionary", shared, max_bytes)
    if own > batch_bytes and batch.num_rows > 1:
        rows = max(1, min(batch.num_rows - 1, batch.num_rows * batch_bytes // own))
    elif _fits(batch, max_bytes):
        yield batch, size
        return
    elif batch.num_rows > 1:
        rows = batch.num_rows // 2
    else:
        raise _too_large("a row", size, max_bytes)
    for start in range(0, batch.num_rows, rows):
        part = batch.slice(start, rows)
        part_size = size_of(part)
        if part_size - shared > 2 * batch_bytes or not _fits(part, max_bytes):
            yield from cut(part, part_size, batch_bytes, max_bytes)  # rows differ in size
        else:
            yield part, part_size


def size_of(batch: pa.RecordBatch) -> int:
    """Return how many bytes the rows of a batch take."""
    try:
        return int(batch.nbytes)
    except pa.ArrowTypeError:  # views, before Arrow 24
        return int(batch.get_total_buffer_size())


def _fits(batch: pa.RecordBatch, max_bytes: int) -> bool:
    # Padding and what describes a column can be more than the data, and of some
    # types (views, dense unions) every slice carries all values.
    return bool(pa.ipc.get_record_batch_size(batch) <= max_bytes)


def _too_large(what: str, size: int, max_bytes: int) -> LimitExceeded:
    return LimitExceeded(
        f"{what} of {size} bytes is larger than the server may send"
        f" ({ByteSize(max_bytes)}): ask for fewer columns"
    )
