"""The tables of SQLite databases, held against the laws of adapters."""

import sqlite3
from contextlib import closing

import pyarrow as pa
import pytest
from sqlite import SqliteAdapter

from flightstream import InvalidData
from flightstream.testing import AdapterConformance, Sample

pytest_plugins = ["flightstream.testing"]

SCHEMA = pa.schema(
    [("id", pa.int64()), ("total", pa.float64()), ("name", pa.string()), ("picture", pa.binary())]
)
ROWS = [(n, n / 3, f"naïve {n}", bytes([n])) for n in range(40)] + [(None,) * 4]


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

    @pytest.fixture
    def sample(self, tmp_path, execute):
        self.execute = execute
        execute("CREATE TABLE orders (id INTEGER, total REAL, name TEXT, picture BLOB)")
        execute("INSERT INTO orders VALUES (?, ?, ?, ?)", *ROWS)
        execute('CREATE TABLE "x; DROP TABLE orders" (a INTEGER); CREATE TABLE ".." (a INTEGER)')
        execute("CREATE TABLE empty (a INTEGER PRIMARY KEY)", file="deep/two.sqlite")
        (tmp_path / "none.sqlite").write_text("this is no database")
        columns = map(pa.array, zip(*ROWS, strict=True), SCHEMA.types)
        return Sample(
            tmp_path,
            {
                "shop/orders": pa.table(list(columns), schema=SCHEMA),
                "deep/two/empty": pa.table({"a": pa.array([], pa.int64())}),
            },
        )

    def change(self, sample):
        self.execute("DELETE FROM orders WHERE id < 3; UPDATE orders SET name = 'new'")
        orders = sample.tables["shop/orders"].slice(3)
        names = pa.array(["new"] * orders.num_rows)
        return {**sample.tables, "shop/orders": orders.set_column(2, "name", names)}

    def remove(self, sample, name):
        folder, _, table = name.rpartition("/")
        self.execute(f"DROP TABLE {table}", file=f"{folder}.sqlite")

    def spoil(self, sample):
        self.execute("CREATE TABLE spoilt (a INTEGER); INSERT INTO spoilt VALUES (1), ('many')")
        return "shop/spoilt"

    @pytest.fixture
    def large(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("large")
        with closing(sqlite3.connect(folder / "large.sqlite")) as connection, connection:
            connection.executescript(
                "CREATE TABLE large (a BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
                " SELECT i + 1 FROM n WHERE i < 400000) INSERT INTO large SELECT zeroblob(1024)"
                " FROM n"
            )
        return Sample(folder, {})


@pytest.mark.parametrize(
    ("declared", "value"), [("INTEGER", "'x'"), ("INTEGER", "1.5"), ("REAL", "'x'"), ("DATE", "1")]
)
def test_a_value_that_does_not_fit_its_declared_type_is_no_guess(
    execute, serve, tmp_path, declared, value
):
    execute(f"CREATE TABLE t (a {declared}); INSERT INTO t VALUES (NULL), ({value})")

    with pytest.raises(InvalidData, match="has what cannot be read"):
        serve(SqliteAdapter, tmp_path).client.read("shop/t")
