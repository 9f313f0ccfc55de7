"""SQL over flights: an embedded DuckDB to which every flight is a table."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from attrs import define, field, frozen

from flightstream.client.dataset import FlightDataset
from flightstream.client.halt import Halt, closed
from flightstream.client.nan import with_greatest_nan
from flightstream.client.source import FlightSource
from flightstream.client.stream import Stream
from flightstream.client.tables import TableName, quoted, table_name, tables_of
from flightstream.errors import (
    ConfigError,
    FlightStreamError,
    InvalidCommand,
    LimitExceeded,
    NotFound,
    Unsupported,
)

if TYPE_CHECKING:
    from flightstream.client.client import Client

_BATCH_ROWS = 32_768
# What DuckDB itself has under a name; without a schema, it looks in these.
_KNOWN = """
    SELECT 1 FROM (
        SELECT schema_name, table_name AS name FROM duckdb_tables()
        UNION ALL SELECT schema_name, view_name FROM duckdb_views()
    )
    WHERE lower(name) = ? AND (schema_name = ? OR (? = '' AND schema_name IN ('main', 'pg_catalog')))
"""
_CATALOG = "SELECT 1 FROM duckdb_databases() WHERE lower(database_name) = ?"


@define(eq=False, repr=False)
class Session:
    """A DuckDB of its own, in memory, in which every flight of a server is a table.

    Made by :meth:`flightstream.Client.session`. A flight ``sales/2024/orders`` is
    ``sales."2024/orders"``, or ``"sales/2024/orders"``; a name that one source alone
    has needs no source. Flights are read by each query anew: the columns that it
    needs, and the rows, as far as the server can apply its conditions.

    Threads may share it.

    .. versionadded:: 0.1

    Args:
        connection: The connection of DuckDB, for what is no query: to make tables,
            attach databases, or set how much memory it takes. Flights are no tables
            there, but in :meth:`query`.
    """

    _client: "Client" = field(alias="client")
    connection: Any = field(factory=lambda: _duckdb().connect(":memory:"), init=False)
    _frames: dict[str, Any] = field(factory=dict, init=False)
    _views: dict[tuple[str, str], tuple[str, pa.Schema]] = field(factory=dict, init=False)
    _halt: Halt = field(factory=Halt, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def __attrs_post_init__(self) -> None:
        # A name in a query means no variable of whoever called.
        self.connection.execute("SET python_enable_replacements = false").fetchall()

    def query(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Stream:
        """Return the rows of a SELECT, as they come.

        Args:
            sql: One SELECT in the dialect of DuckDB, ``WITH`` and ``FROM`` first included.
            parameters: What stands for ``?`` and ``$name`` in it.

        Returns:
            A stream; memory is bounded as DuckDB's own is.

        Raises:
            NotFound: It names a table that is no flight, and nothing of the session.
            InvalidCommand: It is no SELECT, or does not fit the tables.
            Unsupported: DuckDB cannot take a type of a flight.
            LimitExceeded: DuckDB ran out of memory.
        """
        halt = self._halt.add(Halt())
        if not isinstance(sql, str):
            raise InvalidCommand(f"a query is text, and this is {type(sql).__name__}")
        scans = _Scans(self._client._until(halt), halt)
        if halt.is_set:
            raise closed()
        with self._lock:
            cursor = self.connection.cursor()
        interrupt = halt.add(_Interrupt(cursor))
        try:
            with scans.typed_errors():
                self._prepare(cursor, sql, scans)
                relation = cursor.sql(sql, params=parameters)
                # Before DuckDB 1.5 it has another name.
                to_reader = getattr(relation, "to_arrow_reader", None)
                reader = (to_reader or relation.fetch_arrow_reader)(_BATCH_ROWS)
        except BaseException:
            cursor.close()
            raise
        return Stream(reader.schema, _batches(reader, interrupt, scans), halt)

    def register(self, name: str, frame: Any) -> None:
        """Make something a table of the session's queries, before any flight of that name.

        Args:
            name: The table's; it is no schema's. What is no word stands in quotes in a
                query: ``my.table`` is ``"my.table"``.
            frame: A table, dataset or reader of pyarrow, a frame of pandas or polars, or
                what else speaks the PyCapsule protocol. A reader is read once.

        Raises:
            InvalidCommand: It is nothing that DuckDB takes, such as a lazy frame of
                polars: ``collect()`` makes a frame of that.
        """
        if hasattr(frame, "collect_schema") and hasattr(frame, "collect"):
            raise InvalidCommand(
                f"table {name!r} is to be made of a lazy frame: register what its .collect() returns"
            )
        # DuckDB reads Arrow as it is, and of frames what it knew when it was made.
        if hasattr(frame, "columns") and not isinstance(frame, ds.Dataset):
            frame = pa.table(frame)
        with _Scans(self._client, self._halt).typed_errors(), self._lock:
            self.connection.cursor().register(name, frame)
        self._frames[name.lower()] = frame

    def close(self) -> None:
        """Close it; what is being read ends, and its tables are gone."""
        self._halt.set()
        # One that is busy still refuses, and is closed when nobody holds it any more.
        with self._lock, suppress(_duckdb().Error):
            self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Session({self._client!r})"

    def _prepare(self, cursor: Any, sql: str, scans: "_Scans") -> None:
        """Make the tables of a query known to the cursor that runs it."""
        for name in tables_of(cursor, sql):
            if name.catalog:
                continue
            if not name.schema and name.table.lower() in self._frames:
                cursor.register(name.table, self._frames[name.table.lower()])
            elif name.key in self._views or not self._is_known(cursor, name):
                self._register_flight(cursor, name, scans)

    def _is_known(self, cursor: Any, name: TableName) -> bool:
        schema, table = name.key
        return bool(cursor.execute(_KNOWN, [table, schema, schema]).fetchall())

    def _register_flight(self, cursor: Any, name: TableName, scans: "_Scans") -> None:
        try:
            described = scans.client.info(name.flight)
        except NotFound as exc:
            raise self._unknown(name, exc) from exc
        source = _Source(scans.client, described, scans=scans)
        cursor.register(name.flight, FlightDataset(source))
        if name.schema:
            # Only what a cursor registers is its own; a view names that, in any schema.
            self._show(cursor, name, source.schema)

    def _show(self, cursor: Any, name: TableName, schema: pa.Schema) -> None:
        with self._lock:
            if self._views.get(name.key) == (name.flight, schema):
                return
            if cursor.execute(_CATALOG, [name.key[0]]).fetchall():
                raise InvalidCommand(
                    f"to DuckDB {name.schema!r} is a database of its own:"
                    f" write the flight as {quoted(name.flight)}"
                )
            known = self._views.get(name.key)
            if known is not None and known[0] != name.flight:
                raise InvalidCommand(
                    f"to DuckDB {known[0]!r} and {name.flight!r} are one name: write the"
                    f' second as "{name.flight}", and do so in another session'
                )
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name.schema)}").fetchall()
            cursor.execute(
                f"CREATE OR REPLACE VIEW {quoted(name.schema)}.{quoted(name.table)}"
                f" AS FROM temp.main.{quoted(name.flight)}"
            ).fetchall()
            self._views[name.key] = (name.flight, schema)

    def _unknown(self, name: TableName, error: NotFound) -> NotFound:
        known = [one.name for one in self._client.flights()]
        by_end = {path.rpartition("/")[2]: path for path in known}
        near = get_close_matches(name.flight, known, 3, cutoff=0.7) or [
            by_end[end] for end in get_close_matches(name.flight.rpartition("/")[2], by_end, 3)
        ]
        shown = " or ".join(map(table_name, dict.fromkeys(near)))
        hint = f"did you mean {shown}?" if near else "client.flights() lists those there are"
        return NotFound(f"there is no flight or table {name.flight!r}: {hint}", flight=error.flight)


@define(eq=False)
class _Interrupt:
    cursor: Any

    def set(self) -> None:
        """End what the cursor is at."""
        with suppress(_duckdb().Error):  # it is closed
            self.cursor.interrupt()


@define(eq=False, slots=False)
class _Scans:
    """The flights that one query reads, and the first that failed.

    DuckDB hands on no more of an error than its text.

    Args:
        client: Reads them.
        halt: Ends that.
    """

    client: "Client"
    halt: Halt
    error: FlightStreamError | None = field(default=None, init=False)

    @contextmanager
    def typed_errors(self) -> Iterator[None]:
        """Raise what went wrong in place of what DuckDB makes of it."""
        duckdb = _duckdb()
        try:
            yield
        except FlightStreamError:
            raise
        except (duckdb.Error, pa.ArrowException, OSError) as exc:
            failed = self.error or (closed() if self.halt.is_set else _typed(exc, duckdb))
            raise failed from exc


@frozen
class _Source(FlightSource):
    """A flight to DuckDB, whose NaN is greater than every number."""

    scans: _Scans = field(kw_only=True)

    def batches(
        self, columns: Sequence[str] | None, where: pc.Expression | None, limit: int | None
    ) -> Generator[pa.RecordBatch]:
        """Yield the batches of what is asked for, and keep an error."""
        condition = None if where is None else with_greatest_nan(where)
        try:
            yield from super().batches(columns, condition, limit)
        except FlightStreamError as exc:
            self.scans.error = self.scans.error or exc
            raise


def _batches(reader: Any, interrupt: _Interrupt, scans: _Scans) -> Generator[pa.RecordBatch]:
    try:
        while True:
            if scans.halt.is_set:
                raise closed()
            with scans.typed_errors():
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    return
            yield batch
    finally:
        reader.close()
        interrupt.cursor.close()


def _typed(exc: Exception, duckdb: Any) -> FlightStreamError:
    reason = " ".join(str(exc).split())[:500]
    if isinstance(exc, duckdb.OutOfMemoryException):
        return LimitExceeded(f"DuckDB has not enough memory for the query: {reason}")
    if isinstance(exc, duckdb.NotSupportedError | duckdb.NotImplementedException):
        return Unsupported(f"DuckDB cannot do that: {reason}")
    if isinstance(exc, duckdb.ProgrammingError | duckdb.DataError | pa.ArrowException | OSError):
        return InvalidCommand(f"DuckDB refuses the query: {reason}")
    return FlightStreamError(f"DuckDB failed: {reason}")


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as exc:
        raise ConfigError("SQL needs DuckDB: pip install 'flightstream-core[duckdb]'") from exc
    return duckdb
