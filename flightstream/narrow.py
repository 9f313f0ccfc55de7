"""Rows and columns of batches, as a command asks for them."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any

import pyarrow as pa

from flightstream.filters import Filter


def narrowed(
    batches: Iterable[pa.RecordBatch],
    filters: Sequence[Filter],
    offset: int,
    limit: int | None,
    columns: Sequence[str] | None,
) -> Generator[pa.RecordBatch]:
    """Yield what is left of batches: filtered, then from offset to limit, then projected.

    Args:
        batches: Have all columns that are needed; closed at the end, if they can be.
        filters: Run in this order, each on the rows that those before it keep.
        offset: How many of the kept rows to leave out first.
        limit: The greatest number of rows to yield.
        columns: Those to yield, in this order; ``None`` for all.
    """
    with _closed(batches):
        if limit == 0:
            return
        for batch in batches:
            for row_filter in filters:
                batch = row_filter.apply(batch)
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
