"""The tables of SQLite databases; SQLite itself does columns, limit and offset."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from flightstream import Flight, InvalidData, Source, adapter, hookimpl, option

TYPES = {"INTEGER": pa.int64(), "REAL": pa.float64(), "TEXT": pa.string()}


@adapter
class SqliteAdapter:
    """Serves the tables of SQLite databases on this machine."""

    pushdown: ClassVar = frozenset({"columns", "limit", "offset"})
    source: Source
    batch_rows: int = option(10_000, help="The most rows in a batch.", minimum=1)

    @hookimpl
    def list_flights(self):
        for file in self.source.files("**/*.db"):
            with _connected(file) as database:
                tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                for (table,) in tables:
                    yield Flight(f"{file.stem}/{table}", origin=(file, table), version=file.version)

    @hookimpl
    def get_schema(self, flight):
        file, table = flight.origin
        with _connected(file) as database:
            columns = list(database.execute(f"PRAGMA table_info({_quoted(table)})"))
        return pa.schema([(name, _type(declared)) for _, name, declared, *_ in columns])

    @hookimpl
    def stream_batches(self, flight, request):
        file, table = flight.origin
        schema = self.get_schema(flight)
        if request.columns is not None:
            schema = pa.schema([schema.field(name) for name in request.columns])
        columns = ", ".join(map(_quoted, schema.names))
        limit = -1 if request.limit is None else request.limit
        query = f"SELECT {columns} FROM {_quoted(table)} ORDER BY rowid LIMIT ? OFFSET ?"
        with _connected(file) as database:
            rows = database.execute(query, (limit, request.offset))
            while found := rows.fetchmany(self.batch_rows):
                yield _batch(found, schema)


def _batch(rows, schema):
    try:
        arrays = [
            pa.array(column, field.type)
            for column, field in zip(zip(*rows, strict=True), schema, strict=True)
        ]
    except pa.ArrowException:
        raise InvalidData("a value is not of its column's declared type") from None
    return pa.record_batch(arrays, schema)


def _connected(file):
    # A stream may go on on another thread, though never on two at once.
    uri = f"{Path(file.path).as_uri()}?mode=ro"
    return closing(sqlite3.connect(uri, uri=True, check_same_thread=False))


def _type(declared):
    try:
        return TYPES[declared.upper()]
    except KeyError:
        raise InvalidData(f"there is no Arrow type for {declared!r}") from None


def _quoted(name):
    return '"' + name.replace('"', '""') + '"'
