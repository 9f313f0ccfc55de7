"""Flights as lazy frames of others, which ask for what their queries need."""

import math

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import flightstream
from flightstream import NotFound, Server
from flightstream.client import Finished

ROWS = pa.table(
    {
        "n": pa.array(range(1000), pa.int32()),
        "name": [None if n % 7 == 0 else f"row {n}" for n in range(1000)],
        "x": [math.nan if n % 5 == 0 else None if n % 11 == 0 else n / 2 for n in range(1000)],
        "flag": [n % 2 == 0 for n in range(1000)],
    }
)
FRAME = pl.from_arrow(ROWS)


@pytest.fixture(scope="module")
def finished():
    """What the client tells of each stream that has ended."""
    return []


@pytest.fixture(scope="module")
def client(memory, finished):
    plugin = memory({"rows": ROWS}, batch_rows=100)
    with (
        Server(plugins=[plugin], sources={"s": "."}, port=0) as server,
        flightstream.connect(f"localhost:{server.port}", on_event=finished.append) as client,
    ):
        yield client


def sent(finished):
    """Return the rows and bytes of the last stream."""
    last = [event for event in finished if isinstance(event, Finished)][-1]
    return last.rows, last.bytes


class TestPolars:
    def test_it_is_the_flight(self, client):
        lazy = client.to_polars("rows")
        assert lazy.collect().equals(FRAME)
        assert lazy.collect_schema() == FRAME.schema
        assert pa.table(lazy.select("n").collect())["n"].to_pylist() == list(range(1000))

    def test_only_what_is_needed_travels(self, client, finished):
        lazy = client.to_polars("rows")
        lazy.filter(pl.col("n") >= 990).select("n").collect()
        assert sent(finished) == (10, 40)
        lazy.select("n").head(5).collect()
        assert sent(finished) == (5, 20)
        lazy.filter((pl.col("name") == "row 8") & (pl.col("n") + 1 > 0)).select("n").collect()
        assert sent(finished)[0] == 1

    @pytest.mark.parametrize(
        "predicate",
        [
            pl.col("x") > 400,
            pl.col("x") >= 499.5,
            pl.col("x") < 1.5,
            pl.col("x") != 1,
            pl.col("x") == math.nan,
            pl.col("x").is_null() | pl.col("x").is_nan(),
            ~(pl.col("x") > 400),
            (pl.col("n") < 5) | (pl.col("name") == "row 9"),
            pl.col("name").is_null() & (pl.col("n") <= 300),
            pl.col("flag") & (pl.col("n") > 990),
            pl.col("flag") == False,  # noqa: E712
            pl.col("n").is_in([1, 2]) | (pl.col("n") == 2**40),
            pl.col("n") > 998.5,
            pl.col("name").str.ends_with("99"),
        ],
        ids=str,
    )
    def test_any_predicate_keeps_the_rows_that_polars_keeps(self, client, predicate):
        found = client.to_polars("rows").filter(predicate)
        assert found.collect().equals(FRAME.filter(predicate))
        assert (
            found.select("name")
            .head(3)
            .collect()
            .equals(FRAME.filter(predicate).select("name").head(3))
        )

    def test_a_flight_that_is_not_there(self, client):
        with pytest.raises(NotFound):
            client.to_polars("nothing")


def test_a_stream_is_a_relation_of_duckdb(client):
    with duckdb.connect() as connection:
        relation = client.stream("rows", columns=["n"]).to_duckdb(connection)
        assert relation.aggregate("sum(n)").fetchall() == [(499500,)]


def test_parts_with_nulls_and_without_have_one_type_to_dask(serve, memory):
    table = pa.table({"n": [2**60 + 1, 2, None, 4], "b": [True, None, True, False], "f": [0.5] * 4})
    client = serve(memory({"rows": table}, batch_rows=1)).client

    frame = client.to_dask("rows", partitions=4)

    found = frame.compute(scheduler="synchronous")
    assert [str(one) for one in frame.dtypes] == ["Int64", "boolean", "float64"]
    assert list(found.dtypes) == list(frame.dtypes)
    assert pa.Table.from_pandas(found, preserve_index=False).to_pydict() == table.to_pydict()


def test_dask_reads_the_parts(client):
    frame = client.to_dask("rows", partitions=4, columns=["n", "name"], filter="n < 500")
    assert list(frame.columns) == ["n", "name"]
    assert frame.n.sum().compute(scheduler="synchronous") == sum(range(500))
    found = pa.Table.from_pandas(frame.compute(scheduler="threads"), preserve_index=False)
    assert found["name"].to_pylist() == ROWS["name"].to_pylist()[:500]
