"""A flight as a dataset of pyarrow: what takes one asks it for columns and rows."""

from collections.abc import Iterator
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs as fs

from flightstream.client.scanner import Columns, FlightScanner
from flightstream.client.source import FlightSource
from flightstream.errors import Unsupported

_NO_SCAN = (
    "Arrow cannot scan a flight by itself: give it dataset.scanner() or dataset.to_table() in"
    " place of the dataset"
)


class FlightDataset(ds.UnionDataset):  # type: ignore[misc]
    """A flight that is read anew by each scan, as far as the scan needs it.

    Made by :meth:`flightstream.Client.dataset`. DuckDB, polars, and whatever else
    takes a ``pyarrow.dataset.Dataset``, push columns and filters into it; it passes
    on to the server what the server can do of that. Threads may share it, and it can
    be pickled.

    .. versionadded:: 0.1
    """

    def __init__(self, source: FlightSource, where: pc.Expression | None = None) -> None:
        # What hands a dataset on to Arrow's own C++ would end the process, were nothing there.
        super().__init__(source.schema, [_unreadable(source.schema)])
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

    _get_fragments = get_fragments

    def _scan_options(self, *_args: object, **_options: object) -> NoReturn:
        raise Unsupported(_NO_SCAN)

    _scanner_options = _scan_options

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.scanner().__arrow_c_stream__(requested_schema)

    def __reduce__(self) -> tuple[Any, ...]:
        return FlightDataset, (self._source, self._where)

    def __repr__(self) -> str:
        return f"FlightDataset({self._source.name!r})"

    def _both(self, expression: pc.Expression | None) -> pc.Expression | None:
        if self._where is None or expression is None:
            return self._where if expression is None else expression
        return self._where & expression


class _Refusing(fs.FileSystemHandler):  # type: ignore[misc]
    """A file system whose files cannot be opened."""

    def open_input_file(self, path: str) -> NoReturn:
        raise Unsupported(_NO_SCAN)

    def get_type_name(self) -> str:
        return "flight"

    copy_file = create_dir = delete_dir = delete_dir_contents = delete_file = open_input_file
    delete_root_dir_contents = get_file_info = get_file_info_selector = move = open_input_file
    normalize_path = open_append_stream = open_input_stream = open_output_stream = open_input_file


def _unreadable(schema: pa.Schema) -> ds.FileSystemDataset:
    """Return a dataset of which Arrow reads an error."""
    form, files = ds.IpcFileFormat(), fs.PyFileSystem(_Refusing())
    return ds.FileSystemDataset([form.make_fragment("flight", files)], schema, form, files)
