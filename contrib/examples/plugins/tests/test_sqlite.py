"""The tables of SQLite databases, held against the laws of adapters."""

import sqlite3
from contextlib import closing
from typing import ClassVar

import pyarrow as pa
import pytest
from sqlite import SqliteAdapter

from flightstream import InvalidData
from flightstream.testing import AdapterConformance, Sample, Subject

pytest_plugins = ["flightstream.testing"]

HOSTILE = 'x"; DROP TABLE orders; --'
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("total", pa.float64()),
        ("name", pa.string()),
        ("price", pa.string()),
        ("picture", pa.binary()),
    ]
)
ROWS = [(n, n / 3, f"naïve {n}", "9.5", bytes([n])) for n in range(40)] + [(None,) * 5]


@pytest.fixture
def execute(tmp_path):
    """Return a function that runs statements in a database, by default shop.sqlite."""

    def run(script, *rows, file="shop.sqlite"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(tmp_path / file)) as connection, connection:
            if rows:
                connection.executemany(script, rows)
            else:
                connection.executescript(script)

    return run


class TestSqlite(AdapterConformance):
    plugin = SqliteAdapter
    options: ClassVar = {"batch_rows": 16}

    @pytest.fixture
    def sample(self, tmp_path, execute):
        self.execute = execute
        # A reader who is slow keeps nobody from writing in this mode.
        execute("PRAGMA journal_mode = wal")
        execute(
            "CREATE TABLE orders (id INTEGER, total REAL, name VARCHAR(20), price DECIMAL,"
            " picture BLOB); CREATE INDEX backwards ON orders (id DESC, total, name, price,"
            " picture)"
        )
        execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", *ROWS)
        quoted = HOSTILE.replace('"', '""')
        execute(f'CREATE TABLE "{quoted}" (a INT); CREATE TABLE "a/b" (a); CREATE TABLE ".." (a)')
        execute("CREATE TABLE empty (a INT PRIMARY KEY) WITHOUT ROWID", file="deep/two.db")
        (tmp_path / "none.db").write_text("this is no database")
        columns = [
            pa.array(*pair) for pair in zip(zip(*ROWS, strict=True), SCHEMA.types, strict=True)
        ]
        empty = pa.table({"a": pa.array([], pa.int64())})
        return Sample(
            tmp_path,
            {
                "shop/orders": pa.table(columns, schema=SCHEMA),
                f"shop/{HOSTILE}": empty,
                "deep/two/empty": empty,
            },
        )

    def change(self, sample):
        self.execute("DELETE FROM orders WHERE id < 3; UPDATE orders SET name = 'new'")
        orders = sample.tables["shop/orders"].slice(3)
        names = pa.array(["new"] * orders.num_rows)
        return {**sample.tables, "shop/orders": orders.set_column(2, "name", names)}

    def remove(self, sample, name):
        folder, _, table = name.rpartition("/")
        file = "deep/two.db" if folder == "deep/two" else "shop.sqlite"
        quoted = table.replace('"', '""')
        self.execute(f'DROP TABLE "{quoted}"', file=file)

    def spoil(self, sample):
        self.execute("CREATE TABLE spoilt (a INT); INSERT INTO spoilt VALUES (1), ('many')")
        return "shop/spoilt"

    @pytest.fixture
    def large(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("large")
        with closing(sqlite3.connect(folder / "large.db")) as connection, connection:
            connection.executescript(
                "CREATE TABLE large (a BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
                " SELECT i + 1 FROM n WHERE i < 400) INSERT INTO large SELECT zeroblob(1048576)"
                " FROM n"
            )
        return Sample(folder, {})


class TestTypes:
    @pytest.fixture
    def read(self, execute, registry, tmp_path):
        """Return a function that reads a column of one declared type with given values."""

        def run(declared, *values):
            execute(f"CREATE TABLE t (v {declared})")
            execute("INSERT INTO t VALUES (?)", *((value,) for value in values))
            config = {"plugins": {"enabled": []}, "sources": {"s": {"uri": str(tmp_path)}}}
            subject = Subject(registry(SqliteAdapter, config=config))
            return pa.Table.from_batches(subject.stream("shop/t"))["v"]

        return run

    @pytest.mark.parametrize(
        ("declared", "type_", "values", "read_as"),
        [
            ("BIGINT", pa.int64(), [2**63 - 1, None], [2**63 - 1, None]),
            ("double precision", pa.float64(), [0.1, 2**53], [0.1, 2.0**53]),
            ("NUMERIC", pa.string(), [0.1, 2**60 + 1, "x"], ["0.1", str(2**60 + 1), "x"]),
            ("", pa.string(), ["2024-01-01", 1e300], ["2024-01-01", "1e+300"]),
        ],
    )
    def test_a_declared_type_decides(self, read, declared, type_, values, read_as):
        assert read(declared, *values) == pa.chunked_array([pa.array(read_as, type_)])

    @pytest.mark.parametrize(
        ("declared", "value", "type_"),
        [("INT", 1.5, "int64"), ("INT", "x", "int64"), ("REAL", "x", "double"),
         ("BLOB", "x", "binary"), ("TEXT", b"x", "string"), ("BLOB", 1, "binary")],
    )  # fmt: skip
    def test_a_value_of_another_type_is_no_guess(self, read, declared, value, type_):
        with pytest.raises(InvalidData) as caught:
            read(declared, None, value)

        assert caught.value.message == f"a value of the column 'v' is no {type_}"


def test_what_cannot_be_served_is_logged(execute, serve, tmp_path):
    execute('CREATE TABLE "a/b" (a); CREATE TABLE good (a)')
    (tmp_path / "none.db").write_text("this is no database")
    served = serve(SqliteAdapter, tmp_path)

    assert [flight.name.split("/")[1:] for flight in served.client.flights()] == [["shop", "good"]]
    told = {
        (line["event"], line.get("file"), line.get("table")) for line in served.server.log_lines()
    }
    assert {
        ("database_unreadable", "none.db", None),
        ("table_name_unusable", "shop.sqlite", "'a/b'"),
    } <= told


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_change_is_seen_at_once(execute, serve, tmp_path, mode):
    execute(f"PRAGMA journal_mode = {mode}")
    execute("CREATE TABLE t (a INT)")
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as writer:
        client = serve(SqliteAdapter, tmp_path).client
        assert client.read("shop/t").num_rows == 0
        with writer:
            writer.execute("INSERT INTO t VALUES (1)")
        assert client.read("shop/t").num_rows == 1
        with writer:
            writer.execute("ALTER TABLE t ADD COLUMN b TEXT")
        assert client.read("shop/t").column_names == ["a", "b"]
