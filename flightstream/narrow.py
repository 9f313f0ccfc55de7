"""Rows and columns of batches, as a command asks for them."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any, Protocol

import pyarrow as pa


class Step(Protocol):
    """What a batch goes through: a filter, or masks."""

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return what is left of a batch."""


def narrowed(
    batches: Iterable[pa.RecordBatch],
    steps: Sequence[Step],
    offset: int,
    limit: int | None,
    columns: Sequence[str] | None,
) -> Generator[pa.RecordBatch]:
    """Yield what is left of batches: filtered, then from offset to limit, then projected.

    Args:
        batches: Have all columns that are needed; closed at the end, if they can be.
        steps: Run in this order, each on what those before it leave.
        offset: How many of the kept rows to leave out first.
        limit: The greatest number of rows to yield.
        columns: Those to yield, in this order; ``None`` for all.
    """
    with _closed(batches):
        if limit == 0:
            return
        for batch in batches:
            for step in steps:
                batch = step.apply(batch)
            if offset:
                skipped = min(offset, batch.num_rows)
                offset, batch = offset - skipped, batch.slice(skipped)
            if limit is not None:
                batch = batch.slice(0, limit)
                limit -= batch.num_rows
            if batch.num_rows:
                yield batch if columns is None else batch.select(columns)
            if limit == 0:
                return


def _closed(batches: Any) -> AbstractContextManager[Any]:
    return closing(batches) if hasattr(batches, "close") else nullcontext()
