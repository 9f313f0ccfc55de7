"""Serve the tables of SQLite databases: orders in shop.sqlite is the flight shop/orders."""

import sqlite3
from contextlib import closing, contextmanager, suppress
from urllib.parse import quote

import pyarrow as pa

from flightstream import Flight, InvalidData, Source, adapter, hookimpl

TYPES = {"INTEGER": pa.int64(), "REAL": pa.float64(), "BLOB": pa.binary(), "TEXT": pa.string()}
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '*[^a-z0-9_]*'"


@adapter
class SqliteAdapter:
    source: Source

    @hookimpl
    def list_flights(self):
        for file in self.source.files("**/*.sqlite"):
            with suppress(InvalidData), query(file, TABLES) as names:
                for (name,) in names:
                    yield Flight(f"{file.stem}/{name}", origin=file, version=file.version)

    @hookimpl
    def get_schema(self, flight):
        with query(flight.origin, f"PRAGMA table_info({flight.name[-1]})") as columns:
            return pa.schema([(name, TYPES[type_]) for _, name, type_, *_ in columns])

    @hookimpl
    def stream_batches(self, flight):
        schema = self.get_schema(flight)
        with query(flight.origin, f"SELECT * FROM {flight.name[-1]}") as rows:
            while chunk := rows.fetchmany(16_384):
                flight.origin.check_unchanged()
                columns = zip(zip(*chunk, strict=True), schema.types, strict=True)
                yield pa.record_batch([pa.array(v).cast(t) for v, t in columns], schema)


@contextmanager
def query(file, sql):
    file.check_unchanged()
    uri = f"file:{quote(file.path)}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as connection:
            yield connection.execute(sql)
    except (sqlite3.Error, pa.ArrowException, KeyError) as exc:
        raise InvalidData(f"the database {file.name!r} has what cannot be read") from exc
