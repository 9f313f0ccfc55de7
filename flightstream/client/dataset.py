"""A flight as a dataset of pyarrow: what takes one asks it for columns and rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from flightstream.client.flights import RemoteFlight
from flightstream.client.stream import Stream
from flightstream.client.terms import parsed
from flightstream.client.wanted import Fitted
from flightstream.errors import InvalidCommand, Stale, Unsupported

if TYPE_CHECKING:
    from flightstream.client.client import Client

Columns: TypeAlias = Sequence[str] | Mapping[str, pc.Expression] | None


class FlightDataset(ds.Dataset):  # type: ignore[misc]
    """A flight that is read anew by each scan, as far as the scan needs it.

    Made by :meth:`flightstream.Client.dataset`. DuckDB, polars, and whatever else
    takes a ``pyarrow.dataset.Dataset``, push columns and filters into it; it passes
    on to the server what the server can do of that. Threads may share it, and it can
    be pickled.

    .. versionadded:: 0.1
    """

    # Nothing of Arrow's own is behind it: what is inherited would end the process.
    def __init__(
        self, client: "Client", described: RemoteFlight, partitions: int, where: Any = None
    ) -> None:
        self._client = client
        self._described = described
        self._partitions = partitions
        self._where = where

    @property
    def schema(self) -> pa.Schema:
        """The flight's schema, as it was when the dataset was made."""
        return self._described.schema

    @property
    def partition_expression(self) -> pc.Expression:
        """Nothing is known of the rows beforehand."""
        return pc.scalar(True)

    def scanner(
        self,
        columns: Columns = None,
        filter: pc.Expression | None = None,
        batch_size: int | None = None,
        **_tuning: Any,
    ) -> "FlightScanner":
        """Return a scan, which reads nothing before it is asked for rows.

        Args:
            columns: Their names, or expressions by the names of what they make.
            filter: Which rows are wanted.
            batch_size: The greatest number of rows in a batch.
            _tuning: What Arrow's own datasets take for how they read files; a flight
                is read as the client is told to.

        Raises:
            InvalidCommand: There is no such column.
        """
        return FlightScanner(self, columns, self._both(filter), batch_size)

    def to_batches(self, columns: Columns = None, **scan: Any) -> Iterator[pa.RecordBatch]:
        """Yield the batches of a scan; the arguments are those of :meth:`scanner`."""
        return self.scanner(columns, **scan).to_batches()

    def to_table(self, columns: Columns = None, **scan: Any) -> pa.Table:
        """Return all rows of a scan; the arguments are those of :meth:`scanner`."""
        return self.scanner(columns, **scan).to_table()

    def head(self, num_rows: int, columns: Columns = None, **scan: Any) -> pa.Table:
        """Return the first rows of a scan; the server sends no others."""
        return self.scanner(columns, **scan).head(num_rows)

    def take(self, indices: Any, columns: Columns = None, **scan: Any) -> pa.Table:
        """Return rows by their numbers; the batches before the last of them are read."""
        return self.scanner(columns, **scan).take(indices)

    def count_rows(self, filter: pc.Expression | None = None, **scan: Any) -> int:
        """Return the number of rows; as few columns as possible are read for it."""
        return self.scanner(filter=filter, **scan).count_rows()

    def filter(self, expression: pc.Expression) -> "FlightDataset":
        """Return the dataset of those of its rows for which something is true."""
        return type(self)(self._client, self._described, self._partitions, self._both(expression))

    def get_fragments(self, filter: pc.Expression | None = None) -> NoReturn:
        """Raise ``Unsupported``: a flight is no set of files."""
        raise Unsupported(
            "a flight has no fragments: read its parts, client.info(name, partitions=n).parts"
        )

    def sort_by(self, *_args: object, **_options: object) -> NoReturn:
        """Raise ``Unsupported``: SQL sorts, within bounds of memory."""
        raise Unsupported(
            "a flight neither sorts nor joins: ask in SQL, client.query(…), or read it into a"
            " table first"
        )

    join = join_asof = sort_by

    def replace_schema(self, schema: pa.Schema) -> NoReturn:
        """Raise ``Unsupported``: the server says what the columns are."""
        raise Unsupported("a flight has the schema of its server: cast what you have read")

    _get_fragments = _scanner_options = _scan_options = get_fragments

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._client, self._described, self._partitions, self._where)

    def __repr__(self) -> str:
        return f"FlightDataset({self._described.name!r})"

    def _both(self, expression: pc.Expression | None) -> pc.Expression | None:
        if self._where is None or expression is None:
            return self._where if expression is None else expression
        return self._where & expression

    def _stream(
        self,
        columns: Sequence[str] | None,
        where: pc.Expression | None,
        limit: int | None = None,
    ) -> Stream:
        condition = None if where is None else Fitted.to(self.schema, where)
        described = self._client.info(
            self._described.name,
            partitions=self._partitions,
            columns=columns,
            filter=condition,
            limit=limit,
        )
        wanted = self.schema if columns is None else _chosen(self.schema, columns)
        if described.schema != wanted:
            raise Stale(
                f"the columns of {self._described.name!r} have changed since the dataset was"
                " made: make it again"
            )
        return self._client.stream(described)

    def _total(self) -> int:
        return self._client.info(self._described.name).total_records


class FlightScanner(ds.Scanner):  # type: ignore[misc]
    """One way to read a dataset; each method reads it once more.

    .. versionadded:: 0.1
    """

    def __init__(
        self,
        dataset: FlightDataset,
        columns: Columns,
        where: pc.Expression | None,
        batch_size: int | None,
    ) -> None:
        self._dataset = dataset
        self._made = dict(columns) if isinstance(columns, Mapping) else None
        self._where = where
        self._batch_size = batch_size
        self._read = self._needed(columns)
        read = dataset.schema if self._read is None else _chosen(dataset.schema, self._read)
        self._schema = read if self._made is None else _making(self._made, read.empty_table())

    @property
    def dataset_schema(self) -> pa.Schema:
        """The schema of the dataset."""
        return self._dataset.schema

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
        wanted = pa.array(indices, pa.int64())
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
        if self._where is None and (total := self._dataset._total()) >= 0:
            return total
        narrow = FlightScanner(
            self._dataset, [_narrowest(self.dataset_schema)], self._where, self._batch_size
        )
        return sum(batch.num_rows for batch in narrow.to_batches())

    def scan_batches(self) -> NoReturn:
        """Raise ``Unsupported``: a flight has no fragments to name."""
        self._dataset.get_fragments()

    def __repr__(self) -> str:
        return f"FlightScanner({self._dataset!r})"

    def _needed(self, columns: Columns) -> list[str] | None:
        """Return the columns that are asked of the server."""
        if columns is None:
            return None
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
        with self._dataset._stream(read, self._where, limit) as stream:
            for batch in stream:
                yield from self._sliced(self._projected(batch))

    def _projected(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self._made is not None:
            [made] = _made(self._made, batch).to_batches() or [pa.record_batch([], self._schema)]
            return made
        return batch if self._read is None or self._read else batch.select([])

    def _sliced(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        size = self._batch_size or max(1, batch.num_rows)
        for start in range(0, batch.num_rows, size):
            yield batch.slice(start, size)


def _chosen(schema: pa.Schema, columns: Sequence[str]) -> pa.Schema:
    for name in columns:
        if len(schema.get_all_field_indices(name)) != 1:
            raise InvalidCommand(f"there is no column {name!r}, or more than one")
    return pa.schema([schema.field(name) for name in columns], schema.metadata)


def _made(columns: Mapping[str, pc.Expression], data: Any) -> pa.Table:
    try:
        return ds.InMemoryDataset(data).to_table(columns=dict(columns), use_threads=False)
    except (pa.ArrowException, ValueError) as exc:
        reason = " ".join(str(exc).split())[:300]
        raise InvalidCommand(f"the columns do not fit the flight: {reason}") from exc


def _making(columns: Mapping[str, pc.Expression], empty: pa.Table) -> pa.Schema:
    return _made(columns, empty).schema


def _narrowest(schema: pa.Schema) -> str:
    """Return the name of a column that costs little to send."""

    def width(column: pa.Field) -> int:
        with suppress(ValueError):
            return int(column.type.bit_width)
        return 2**31

    unique = [one for one in schema if len(schema.get_all_field_indices(one.name)) == 1]
    return str(min(unique, key=width).name)
