"""A flight that is being read."""

import time
from collections.abc import Generator, Iterator
from typing import Any, Self

import pyarrow as pa
from attrs import define, field

from flightstream.client.events import Finished, Progress, Teller
from flightstream.client.halt import Halt


@define(eq=False, repr=False, slots=False)
class Stream:
    """The batches of a flight, one after the other; for one reader at a time.

    Whatever speaks the Arrow PyCapsule protocol takes it as it is, ``pa.table(stream)``,
    DuckDB and polars among them. A stream that is closed, or that nobody holds any
    more, cancels its call on the server.

    Args:
        schema: Of each batch.
        age_seconds: Where the rows were kept, how long ago the server last said that
            they are right; ``None`` where they come from it. See
            :class:`~flightstream.client.Offline`.

    .. versionadded:: 0.1
    """

    schema: pa.Schema
    _batches: Generator[pa.RecordBatch] = field(alias="batches")
    _halt: Halt = field(alias="halt")
    age_seconds: float | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        return next(self._batches)

    def read_next_batch(self) -> pa.RecordBatch:
        """Return the next batch; ``StopIteration`` is raised at the end."""
        return next(self._batches)

    def read_all(self) -> pa.Table:
        """Return what is left, as a table."""
        return pa.Table.from_batches(self._batches, self.schema)

    def to_reader(self) -> pa.RecordBatchReader:
        """Return Arrow's own reader of what is left, for what takes nothing else."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches)

    def to_pandas(self, **options: Any) -> Any:
        """Return what is left as a ``pandas.DataFrame``.

        Each column becomes a block of its own, without a copy where its type allows
        that, and Arrow's memory is given back column by column.

        Args:
            options: Of :meth:`pyarrow.Table.to_pandas`, for example ``types_mapper``.
        """
        return self.read_all().to_pandas(**{"split_blocks": True, "self_destruct": True, **options})

    def to_polars(self) -> Any:
        """Return what is left as a ``polars.DataFrame``, on the same memory."""
        import polars

        return polars.from_arrow(self.read_all(), rechunk=False)

    def to_duckdb(self, connection: Any) -> Any:
        """Return what is left as a relation of a DuckDB connection; it is read once, as it comes."""
        return connection.from_arrow(self.to_reader())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def cancel(self) -> None:
        """End it, from any thread: who waits for a batch is told ``Cancelled``."""
        self._halt.set()

    def close(self) -> None:
        """End it."""
        self.cancel()
        self._batches.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Stream({len(self.schema)} columns)"


def counted(
    batches: Generator[pa.RecordBatch], name: str, total_records: int | None, tell: Teller
) -> Generator[pa.RecordBatch]:
    """Yield batches, and tell how far they are."""
    rows = size = 0
    began = time.monotonic()
    error: BaseException | None = None
    try:
        for batch in batches:
            rows, size = rows + batch.num_rows, size + batch.nbytes
            tell(Progress(name, rows, size, total_records))
            yield batch
    except BaseException as exc:
        error = exc
        raise
    finally:
        batches.close()
        tell(Finished(name, rows, size, time.monotonic() - began, error))
