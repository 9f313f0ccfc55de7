"""A flight as a dataset of pyarrow: what takes one asks it for columns and rows."""

from collections.abc import Iterator
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from flightstream.client.scanner import NO_FRAGMENTS, Columns, FlightScanner
from flightstream.client.source import FlightSource
from flightstream.errors import Unsupported


class FlightDataset(ds.Dataset):  # type: ignore[misc]
    """A flight that is read anew by each scan, as far as the scan needs it.

    Made by :meth:`flightstream.Client.dataset`. DuckDB, polars, and whatever else
    takes a ``pyarrow.dataset.Dataset``, push columns and filters into it; it passes
    on to the server what the server can do of that. Threads may share it, and it can
    be pickled.

    .. versionadded:: 0.1
    """

    # Nothing of Arrow's own is behind it: what is inherited would end the process.
    def __init__(self, source: FlightSource, where: pc.Expression | None = None) -> None:
        self._source = source
        self._where = where

    @property
    def schema(self) -> pa.Schema:
        """The flight's schema, as it was when the dataset was made."""
        return self._source.schema

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
        return FlightScanner(self._source, columns, self._both(filter), batch_size)

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
        return FlightDataset(self._source, self._both(expression))

    def get_fragments(self, filter: pc.Expression | None = None) -> NoReturn:
        """Raise ``Unsupported``: a flight is no set of files."""
        raise Unsupported(NO_FRAGMENTS)

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
        return FlightDataset, (self._source, self._where)

    def __repr__(self) -> str:
        return f"FlightDataset({self._source.name!r})"

    def _both(self, expression: pc.Expression | None) -> pc.Expression | None:
        if self._where is None or expression is None:
            return self._where if expression is None else expression
        return self._where & expression
