"""Serve the tables of SQLite databases: orders in shop.sqlite is the flight shop/orders.

A column declared as some INT is int64, as REAL, FLOAT or DOUBLE float64, as BLOB binary; any
other is text, with numbers as Python writes them. A value that does not fit is InvalidData.
"""

import os
import re
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from types import NoneType

import pyarrow as pa
import structlog
from attrs import frozen

from flightstream import (
    File,
    Flight,
    InvalidData,
    NotFound,
    Source,
    Stale,
    Unavailable,
    adapter,
    hookimpl,
    option,
)

log = structlog.get_logger(__name__)

DECLARED = {"INT": pa.int64(), "BLOB": pa.binary(), "REAL|FLOA|DOUB": pa.float64(), "": pa.string()}
PYTHON = {pa.int64(): int, pa.binary(): bytes, pa.float64(): float, pa.string(): str}
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
COLUMNS = "SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1"


@adapter
class SqliteAdapter:
    """Only reads. A database that is none, and a table whose name is unsafe, are left out."""

    source: Source
    batch_rows: int = option(16_384, help="rows in a batch", minimum=1)

    @hookimpl
    def list_flights(self):
        for file in self.source.files("**/*.sqlite", "**/*.db"):
            database = Database(file, wal_of(file))
            for table in tables_in(database):
                yield Flight(
                    (*file.stem.split("/"), table),
                    full_name=(*file.name.split("/"), table),
                    origin=database,
                    version=f"{file.version}-{database.wal}",
                )

    @hookimpl
    def get_schema(self, flight):
        with flight.origin.open() as connection:
            return schema_of(connection, flight.name[-1])

    @hookimpl
    def stream_batches(self, flight):
        table = flight.name[-1].replace('"', '""')
        with flight.origin.open() as connection:
            schema = schema_of(connection, flight.name[-1])
            # NOT INDEXED is the order of the table, whatever indexes there are.
            rows = connection.execute(f'SELECT * FROM "{table}" NOT INDEXED')
            if not flight.origin.is_unchanged():
                raise Stale("the database changed: ask for the flight again")
            while chunk := rows.fetchmany(self.batch_rows):
                yield pa.record_batch(list(map(array, schema, zip(*chunk, strict=True))), schema)


@frozen
class Database:
    """A file, and the state of its write-ahead log: what is committed and not in it yet."""

    file: File
    wal: str

    def is_unchanged(self):
        return self.file.is_unchanged() and wal_of(self.file) == self.wal

    @contextmanager
    def open(self):
        """Connect for one transaction, in which nothing changes."""
        uri = f"{Path(self.file.path).as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as connection:
                connection.execute("BEGIN")
                yield connection
        except sqlite3.Error as exc:
            later = getattr(exc, "sqlite_errorname", "") in ("SQLITE_BUSY", "SQLITE_CANTOPEN")
            error = Unavailable if later else InvalidData
            raise error(f"the database {self.file.name!r} cannot be read") from exc


def wal_of(file):
    try:
        status = os.stat(f"{file.path}-wal")
    except FileNotFoundError:
        return ""
    return f"{status.st_size:x}-{status.st_mtime_ns:x}" if status.st_size else ""


def tables_in(database):
    try:
        with database.open() as connection:
            names = [name for (name,) in connection.execute(f"{TABLES} ORDER BY name")]
    except InvalidData:
        log.warning("database_unreadable", file=database.file.name)
        return
    for name in names:
        if name.isprintable() and re.fullmatch(r"\w[^/\\]*(?<! )", name):
            yield name
        else:
            log.warning("table_name_unusable", file=database.file.name, table=ascii(name))


def schema_of(connection, table):
    columns = connection.execute(COLUMNS, (table,)).fetchall()
    if not columns:
        raise NotFound(f"there is no table {table!r} any more")
    return pa.schema([(name, type_of(declared)) for name, declared in columns])


def type_of(declared):
    return next(type_ for word, type_ in DECLARED.items() if re.search(word, declared, re.I))


def array(column, values):
    if column.type == pa.string():
        values = [str(value) if isinstance(value, int | float) else value for value in values]
    if not {*map(type, values)} <= {PYTHON[column.type], NoneType}:
        raise InvalidData(f"a value of the column {column.name!r} is no {column.type}")
    return pa.array(values, column.type)
