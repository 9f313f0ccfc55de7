"""SQL over flights: they are tables, and no more of them travels than a query needs."""

import math
import subprocess
import sys
import threading

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.flight as flight
import pytest

import flightstream
from flightstream import (
    Cancelled,
    InvalidCommand,
    NotFound,
    PluginError,
    Server,
    adapter,
    hookimpl,
)
from flightstream.client import Finished

ROWS = pa.table(
    {
        "n": range(1000),
        "name": [None if n % 7 == 0 else f"row {n}" for n in range(1000)],
        "wide": ["x" * 100] * 1000,
    }
)
FLOATS = pa.table(
    {
        "n": range(8),
        "x": [math.nan, None, -0.0, 0.0, 5.0, 6.5, math.inf, -math.inf],
        "f": pa.array([math.nan, None, -0.0, 0.1, 5.0, 6.5, math.inf, -math.inf], pa.float32()),
        "deep": [{"x": x} for x in [math.nan, None, -0.0, 0.0, 5.0, 6.5, math.inf, -math.inf]],
    }
)
TABLES = {
    "rows": ROWS,
    "floats": FLOATS,
    "2024/q1/orders": pa.table({"n": [1, 2, 2], "paid": [10, 20, 30]}),
    'say "hi"': pa.table({"n": [7]}),
}


@pytest.fixture(scope="module")
def finished():
    """What the client tells of each stream that has ended."""
    return []


@pytest.fixture(scope="module")
def client(memory, finished):
    plugin = memory(TABLES, batch_rows=100)
    with (
        Server(plugins=[plugin], sources={"s": "."}, port=0) as server,
        flightstream.connect(f"localhost:{server.port}", on_event=finished.append) as client,
    ):
        yield client


@pytest.fixture
def session(client):
    with client.session() as session:
        yield session


@pytest.fixture
def sent(finished):
    """Return a function that returns the rows and bytes of each flight that was read."""
    finished.clear()
    return lambda: {
        event.flight: (event.rows, event.bytes) for event in finished if isinstance(event, Finished)
    }


def rows(stream):
    return stream.read_all().to_pylist()


class TestNames:
    @pytest.mark.parametrize(
        "table",
        ["s.rows", "S.rows", "rows", '"s/rows"', 's."rows"'],
    )
    def test_a_flight_is_a_table(self, client, table):
        if table == "S.rows":  # the names of flights have letter case
            with pytest.raises(NotFound, match=r"did you mean s\.rows\?"):
                client.query(f"FROM {table}")
        else:
            assert client.query(f"FROM {table}").read_all() == ROWS

    def test_names_of_any_depth_and_kind_are_quoted(self, client):
        assert rows(client.query('SELECT max(paid) AS most FROM s."2024/q1/orders"')) == [
            {"most": 30}
        ]
        assert rows(client.query('FROM s."say ""hi"""')) == [{"n": 7}]

    def test_what_with_makes_is_no_flight(self, client):
        sql = "WITH rows AS (SELECT n FROM rows WHERE n < 2), b AS (FROM rows) SELECT sum(n) AS t FROM b"
        assert rows(client.query(sql)) == [{"t": 1}]
        sql = "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 3) FROM c"
        assert rows(client.query(sql)) == [{"n": 1}, {"n": 2}, {"n": 3}]

    @pytest.mark.parametrize("source", ["memory", "Temp"])
    def test_a_source_with_the_name_of_a_database_is_part_of_a_name(self, serve, memory, source):
        plugin = memory({"o": pa.table({"n": [7]})})
        with (
            Server(plugins=[plugin], sources={source: "."}, port=0) as server,
            flightstream.connect(f"localhost:{server.port}") as client,
        ):
            assert rows(client.query(f'FROM "{source}/o"')) == rows(client.query("FROM o"))
            with pytest.raises(InvalidCommand, match=f'write the flight as "{source}/o"'):
                client.query(f"FROM {source}.o")

    def test_an_unknown_one_is_told_with_those_like_it(self, client):
        for table, near in {
            "s.row": "s.rows",
            "orders": r's\."2024/q1/orders"',
            "t.floats": r"s\.floats",
        }.items():
            with pytest.raises(NotFound, match=f"did you mean .*{near}"):
                client.query(f"FROM {table}")
        with pytest.raises(NotFound, match="lists those there are"):
            client.query("FROM zzzzz")

    def test_no_variable_of_the_program_is_one(self, client):
        local_frame = pd.DataFrame({"n": [1]})
        with pytest.raises(NotFound):
            client.query("FROM local_frame")
        assert len(local_frame) == 1


class TestPushing:
    def test_only_needed_columns_and_rows_travel(self, client, sent):
        found = client.query("SELECT name FROM s.rows WHERE n >= 990 AND name IS NOT NULL")
        assert [row["name"] for row in rows(found)][:2] == ["row 990", "row 991"]
        [(count, size)] = sent().values()
        assert count <= 10
        assert size < 10 * 40

    def test_a_list_and_a_range_travel_too(self, client, sent):
        assert len(rows(client.query("SELECT n FROM s.rows WHERE n IN (3, 5, 900)"))) == 3
        assert sent() == {"s/rows": (3, 24)}
        assert len(rows(client.query("SELECT n FROM s.rows WHERE n BETWEEN 3 AND 5"))) == 3
        assert sent() == {"s/rows": (3, 24)}

    def test_a_count_reads_one_column(self, client, sent):
        assert rows(client.query("SELECT count(*) AS c FROM s.rows")) == [{"c": 1000}]
        assert sent() == {"s/rows": (1000, 8000)}

    @pytest.mark.parametrize("column", ["x", "f", "deep.x"])
    @pytest.mark.parametrize(
        "condition",
        [
            "{} > 5", "{} >= 5", "{} < 5", "{} <= 0.1", "{} = 0", "{} <> 5", "NOT {} < 5",
            "{} IN (0, 5)", "{} IN ('nan', 5)", "{} = 'nan'", "{} < 'nan'", "{} > 'inf'",
            "{} >= 5 AND {} < 7", "{} > 6 OR {} < 0 OR n = 3", "{} IS NULL", "{} BETWEEN 0 AND 6",
        ],
    )  # fmt: skip
    def test_filters_on_floats_mean_what_duckdb_means(self, client, column, condition):
        duckdb = pytest.importorskip("duckdb")
        sql = f"SELECT n FROM {{}} WHERE {condition.replace('{}', column)} ORDER BY n"
        with duckdb.connect() as alone:
            alone.register("floats", FLOATS)
            alone.execute("CREATE TABLE copied AS FROM floats")
            expected = alone.sql(sql.format("copied")).fetchall()
        assert [(row["n"],) for row in rows(client.query(sql.format("s.floats")))] == expected


class TestSessions:
    def test_flights_join_with_each_other_and_with_frames(self, session):
        session.register("mine", pa.table({"n": [1, 2], "who": ["ada", "bob"]}))
        session.register("Theirs", pd.DataFrame({"who": ["ada", "bob"], "age": [36, 40]}))
        session.register("polar", pl.DataFrame({"n": [2]}))
        sql = """
            SELECT who, age, name, sum(paid) AS paid
            FROM s."2024/q1/orders" JOIN mine USING (n) JOIN theirs USING (who)
            JOIN rows ON rows.n = mine.n
            GROUP BY ALL ORDER BY who
        """
        assert rows(session.query(sql)) == [
            {"who": "ada", "age": 36, "name": "row 1", "paid": 10},
            {"who": "bob", "age": 40, "name": "row 2", "paid": 50},
        ]
        assert rows(session.query("SELECT count(*) AS c FROM polar JOIN s.rows USING (n)")) == [
            {"c": 1}
        ]

    def test_tables_of_its_duckdb_are_there_as_well(self, session):
        session.connection.execute("CREATE TABLE rows AS SELECT 1 AS one")
        assert rows(session.query("FROM rows")) == [{"one": 1}]
        assert session.query("FROM s.rows").read_all() == ROWS

    def test_parameters(self, session):
        assert rows(session.query("SELECT n FROM rows WHERE n = ?", [5])) == [{"n": 5}]
        assert rows(session.query("SELECT n FROM rows WHERE n = $n", {"n": 6})) == [{"n": 6}]

    def test_queries_may_overlap(self, session):
        with (
            session.query("SELECT n FROM s.rows") as one,
            session.query("SELECT n FROM s.rows") as two,
        ):
            assert next(one)["n"][0].as_py() == next(two)["n"][0].as_py() == 0
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(session.query("FROM s.rows").read_all()))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [ROWS] * 8

    def test_a_lazy_frame_is_to_be_collected(self, session):
        frame = pl.LazyFrame({"n": [2]})
        with pytest.raises(InvalidCommand, match=r"'polar' .* \.collect\(\) returns"):
            session.register("polar", frame)
        session.register("polar", frame.collect())
        assert rows(session.query("FROM polar")) == [{"n": 2}]

    def test_a_result_is_what_any_stream_is(self, session):
        stream = session.query("SELECT n FROM s.rows ORDER BY n LIMIT 3")
        assert stream.schema == pa.schema({"n": pa.int64()})
        assert pl.DataFrame(stream)["n"].to_list() == [0, 1, 2]

    def test_a_closed_one_reads_no_more(self, client):
        with client.session() as session:
            stream = session.query("FROM s.rows")
        with pytest.raises(Cancelled):
            stream.read_all()
        with pytest.raises(Cancelled):
            session.query("FROM s.rows")


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("DESCRIBE s.rows", 3),
        ("SUMMARIZE s.rows", 3),
        ("VALUES (1), (2)", 2),
        ("UNPIVOT (SELECT n, n + 1 AS m FROM s.rows LIMIT 2) ON n, m", 4),
        ("FROM (SELECT n % 3 AS m FROM s.rows) PIVOT (count(*) FOR m IN (0, 1))", 1),
        ("PIVOT (SELECT n % 3 AS m FROM s.rows) ON m IN (0, 1) USING count(*)", 1),
    ],
)
def test_what_else_has_rows_is_a_query_too(client, sql, number):
    assert len(rows(client.query(sql))) == number


class TestErrors:
    @pytest.mark.parametrize(
        ("sql", "told"),
        [
            ("SELEC", "cannot be read: syntax error"),
            ("SELECT 1; SELECT 2", "one statement, and here are 2"),
            ("", "one statement, and here are 0"),
            ("DROP TABLE x", "a query is a SELECT"),
            ("COPY (FROM s.rows) TO 'x.csv'", "a query is a SELECT"),
            ("SELECT m FROM s.rows", 'DuckDB refuses the query: .*"m"'),
            ("SELECT n FROM s.rows WHERE n = ?", "DuckDB refuses the query"),
            ("SELECT name::INT FROM s.rows", "DuckDB refuses the query: .*row 1"),
            ("FROM a.b.c", "DuckDB refuses the query"),
            ("EXPLAIN FROM s.rows", "this is EXPLAIN"),
            ("PIVOT s.rows ON n USING count(*)", r"FROM x PIVOT \(count\(\*\) FOR c IN "),
            (None, "a query is text, and this is NoneType"),
        ],
    )
    def test_what_is_wrong_with_a_query_is_told(self, client, sql, told):
        with pytest.raises(InvalidCommand, match=told):
            client.query(sql).read_all()

    def test_one_of_a_flight_comes_through(self, serve, memory):
        @adapter
        class Failing(memory(TABLES)):
            @hookimpl
            def stream_batches(self, request):
                yield ROWS.slice(0, 10).to_batches()[0]
                raise RuntimeError("no")

        with pytest.raises(PluginError, match="the plugin"):
            serve(Failing).client.query("SELECT sum(n) FROM s.rows").read_all()


def test_a_stream_that_is_left_ends_its_calls(serve, memory, until):
    @adapter
    class Endless(memory(TABLES)):
        @hookimpl
        def stream_batches(self, request):
            while True:
                yield from ROWS.to_batches()

    served = serve(Endless)
    with served.client.query("SELECT n FROM s.rows") as stream:
        assert next(stream).num_rows > 0
    until(lambda: served.server.service.calls.active == 0)

    session = served.client.session()
    threading.Timer(0.2, session.close).start()
    with pytest.raises(Cancelled):
        session.query("SELECT n FROM s.rows WHERE n < 0").read_all()
    until(lambda: served.server.service.calls.active == 0)


def test_memory_does_not_grow_with_the_flight(serve, memory):
    class Endless(memory(TABLES)):
        @hookimpl
        def stream_batches(self, request):
            big = pa.record_batch(
                {"n": pa.array(range(100_000)), "name": ["x"] * 100_000, "wide": ["y"] * 100_000}
            )
            for _ in range(300):
                yield big.select(request.columns or big.schema.names)

    served = serve(adapter(Endless))
    before = pa.total_allocated_bytes()
    held = 0
    with served.client.query("SELECT n FROM s.rows") as stream:
        for batch in stream:
            held = max(held, pa.total_allocated_bytes() - before)
            assert batch.num_rows
    assert held < 100 * 2**20  # of 240 MB


def test_without_duckdb_the_extra_is_named(tmp_path):
    (tmp_path / "duckdb.py").write_text("raise ImportError")
    program = """
import sys, flightstream
sys.path.insert(0, sys.argv[1])
client = flightstream.connect("localhost:1")
try:
    client.session()
except flightstream.ConfigError as exc:
    print(exc)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "SQL needs DuckDB: pip install 'flightstream-core[duckdb]'\n"


def test_servers_that_are_not_ours_are_asked_too():
    class Other(flight.FlightServerBase):
        def get_flight_info(self, _context, descriptor):
            if descriptor.path != [b"rows"]:
                raise flight.FlightServerError("what?")
            endpoint = flight.FlightEndpoint(b"t", [])
            return flight.FlightInfo(ROWS.schema, descriptor, [endpoint], 1000, -1)

        def do_get(self, _context, _ticket):
            return flight.RecordBatchStream(ROWS)

    with (
        Other("grpc://localhost:0") as server,
        flightstream.connect(f"localhost:{server.port}") as client,
    ):
        assert rows(client.query("SELECT sum(n) AS t FROM rows WHERE n < 3")) == [{"t": 3}]
        assert client.dataset("rows").to_table(columns=["n"]) == ROWS.select(["n"])
