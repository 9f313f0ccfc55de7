"""One scan of a flight, as pyarrow's datasets have it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from flightstream.client.acero import computed
from flightstream.client.source import FlightSource
from flightstream.client.terms import parsed
from flightstream.errors import InvalidCommand

Columns: TypeAlias = Sequence[str] | Mapping[str, pc.Expression] | None


class FlightScanner:
    """One way to read a dataset; each method reads it once more.

    It is no scanner of Arrow's own, and has the methods of one. Whatever speaks the
    PyCapsule protocol takes it for a stream, ``pyarrow.dataset.write_dataset`` too.

    .. versionadded:: 0.1
    """

    def __init__(
        self,
        source: FlightSource,
        columns: Columns,
        where: pc.Expression | None,
        batch_size: int | None,
    ) -> None:
        if batch_size is not None and batch_size < 1:
            raise InvalidCommand(f"a batch has 1 row or more, not {batch_size}")
        if where is not None and not isinstance(where, pc.Expression):
            raise InvalidCommand(f"the filter is no expression of pyarrow.compute: {where!r:.100}")
        self._source = source
        self._made = dict(columns) if isinstance(columns, Mapping) else None
        self._where = where
        self._batch_size = batch_size
        self._read = self._needed(columns)
        read = source.chosen(self._read)
        self._schema = (
            read if self._made is None else computed(self._made, read.empty_table()).schema
        )

    @property
    def dataset_schema(self) -> pa.Schema:
        """The schema of the dataset."""
        return self._source.schema

    @property
    def projected_schema(self) -> pa.Schema:
        """The schema of each batch."""
        return self._schema

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches as they come; memory does not grow with the flight."""
        return self._batches(None)

    def to_reader(self) -> pa.RecordBatchReader:
        """Return Arrow's own reader of the rows."""
        return pa.RecordBatchReader.from_batches(self._schema, self._batches(None))

    def to_table(self) -> pa.Table:
        """Return all rows."""
        return pa.Table.from_batches(self._batches(None), self._schema)

    def head(self, num_rows: int) -> pa.Table:
        """Return the first rows."""
        return pa.Table.from_batches(self._batches(num_rows), self._schema)

    def take(self, indices: Any) -> pa.Table:
        """Return rows by their numbers, in that order."""
        wanted = _row_numbers(indices)
        numbers = wanted.unique().sort()
        found, passed = [self._schema.empty_table()], 0
        for batch in self._batches(None if not len(numbers) else numbers[-1].as_py() + 1):
            inside = numbers.filter(
                pc.and_(
                    pc.greater_equal(numbers, passed), pc.less(numbers, passed + batch.num_rows)
                )
            )
            found.append(pa.Table.from_batches([batch]).take(pc.subtract(inside, passed)))
            passed += batch.num_rows
        table = pa.concat_tables(found)
        if table.num_rows < len(numbers):
            raise InvalidCommand(f"there is no row {numbers[-1]}: there are {passed}")
        return table.take(pc.index_in(wanted, numbers))

    def count_rows(self) -> int:
        """Return the number of rows."""
        if self._where is None and (total := self._source.total_records()) >= 0:
            return total
        narrow = [_narrowest(self.dataset_schema)]
        with closing(self._source.batches(narrow, self._where, None)) as batches:
            return sum(batch.num_rows for batch in batches)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"FlightScanner({self._source.name!r})"

    def _needed(self, columns: Columns) -> list[str] | None:
        """Return the columns that are asked of the server."""
        if columns is None:
            return None
        wanted, kind = (
            (columns, str) if self._made is None else (self._made.values(), pc.Expression)
        )
        if isinstance(columns, str) or not all(isinstance(one, kind) for one in wanted):
            raise InvalidCommand(
                "columns are a list of names, or expressions by the names of what they make"
            )
        if self._made is None:
            return list(columns)
        needed: set[str] = set()
        for expression in self._made.values():
            known = parsed(expression)
            if known is None:
                return None
            needed |= known[1]
        return [name for name in self.dataset_schema.names if name in needed]

    def _batches(self, limit: int | None) -> Iterator[pa.RecordBatch]:
        # Of no column at all, a server would send no rows.
        read = self._read
        if read is not None and not read:
            read = [_narrowest(self.dataset_schema)]
        with closing(self._source.batches(read, self._where, limit)) as batches:
            for batch in batches:
                yield from self._sliced(self._projected(batch))

    def _projected(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self._made is not None:
            [made] = computed(self._made, batch).to_batches() or [pa.record_batch([], self._schema)]
            return made
        return batch if self._read is None or self._read else batch.select([])

    def _sliced(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        size = self._batch_size or max(1, batch.num_rows)
        for start in range(0, batch.num_rows, size):
            yield batch.slice(start, size)


def _narrowest(schema: pa.Schema) -> str:
    """Return the name of a column that costs little to send."""

    def width(column: pa.Field) -> int:
        with suppress(ValueError):
            return int(column.type.bit_width)
        return 2**31

    unique = [one for one in schema if len(schema.get_all_field_indices(one.name)) == 1]
    return str(min(unique, key=width).name)


def _row_numbers(indices: Any) -> pa.Array:
    try:
        numbers = pa.array(indices, pa.int64())
    except (pa.ArrowException, TypeError) as exc:
        raise InvalidCommand(f"rows are taken by their numbers: {exc}") from exc
    if numbers.null_count or pc.any(pc.less(numbers, 0)).as_py():
        raise InvalidCommand("rows are taken by their numbers, from 0 on")
    return numbers
