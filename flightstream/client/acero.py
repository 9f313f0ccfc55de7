"""Expressions of pyarrow, applied to batches that have come."""

import os
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from flightstream.errors import InvalidCommand

# Arrow's engine wants buffers at even addresses, and those of a stream lie where they came:
# without a word on it, it writes a warning to standard error. It asks when it is first used.
os.environ.setdefault("ACERO_ALIGNMENT_HANDLING", "reallocate")


def filtered(batch: pa.RecordBatch, expression: pc.Expression) -> pa.RecordBatch:
    """Return the rows for which an expression is true.

    Raises:
        InvalidCommand: It does not fit the batch.
    """
    try:
        return batch.filter(expression)
    except (pa.ArrowException, ValueError) as exc:
        raise _unfit("filter does", exc) from exc


def computed(columns: Mapping[str, pc.Expression], data: Any) -> pa.Table:
    """Return the columns that expressions make of a table or a batch.

    Raises:
        InvalidCommand: One does not fit it.
    """
    try:
        return ds.InMemoryDataset(data).to_table(columns=dict(columns), use_threads=False)
    except (pa.ArrowException, ValueError, TypeError) as exc:
        raise _unfit("columns do", exc) from exc


def _unfit(what: str, exc: Exception) -> InvalidCommand:
    reason = " ".join(str(exc).split())[:300]
    return InvalidCommand(f"the {what} not fit the flight: {reason}")
