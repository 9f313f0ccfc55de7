"""A flight as a dataset of pyarrow: only what is asked for travels."""

import pickle
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pyarrow.acero as acero
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flightstream
from flightstream import (
    Flight,
    InvalidCommand,
    NotFound,
    Stale,
    Unsupported,
    adapter,
    hookimpl,
)
from flightstream.client import Finished

ROWS = pa.table(
    {
        "n": range(1000),
        "name": [None if n % 7 == 0 else f"row {n}" for n in range(1000)],
        "half": [None if n % 11 == 0 else n / 2 for n in range(1000)],
        "deep": [{"a": n % 5} for n in range(1000)],
    }
)
TABLES = {"rows": ROWS}


@pytest.fixture(scope="module")
def finished():
    """What the client tells of each stream that has ended."""
    return []


@pytest.fixture(scope="module")
def dataset(memory, finished):
    plugin = memory(TABLES, batch_rows=100)
    with (
        flightstream.Server(plugins=[plugin], sources={"s": "."}, port=0) as server,
        flightstream.connect(f"localhost:{server.port}", on_event=finished.append) as client,
    ):
        yield client.dataset("rows", partitions=2)


def sent(finished):
    """Return the flight, rows and bytes of the last stream."""
    last = [event for event in finished if isinstance(event, Finished)][-1]
    return last.rows, last.bytes


def test_it_reads_like_the_table_that_it_is(dataset):
    assert isinstance(dataset, ds.Dataset)
    assert dataset.schema == ROWS.schema
    assert dataset.to_table() == ROWS
    assert pa.Table.from_batches(dataset.to_batches()) == ROWS
    assert dataset.scanner().to_reader().read_all() == ROWS
    assert dataset.head(3) == ROWS.slice(0, 3)
    assert dataset.take([999, 0, 0, 500]) == ROWS.take([999, 0, 0, 500])
    assert dataset.count_rows() == 1000
    assert pickle.loads(pickle.dumps(dataset)).head(2) == ROWS.slice(0, 2)


def test_columns_may_be_names_or_expressions(dataset):
    assert dataset.to_table(columns=["name", "n"]) == ROWS.select(["name", "n"])
    assert dataset.to_table(columns=[]).num_rows == 1000
    made = {"twice": pc.field("n") * 2, "a": pc.field("deep", "a")}
    assert dataset.to_table(columns=made) == ds.dataset(ROWS).to_table(columns=made)
    assert dataset.to_table(columns=made, filter=pc.field("n") > 2000).schema.names == [
        "twice",
        "a",
    ]


def test_a_batch_has_no_more_rows_than_wanted(dataset):
    sizes = [batch.num_rows for batch in dataset.to_batches(batch_size=30)]
    assert (max(sizes), sum(sizes)) == (30, 1000)


def test_only_what_is_asked_for_travels(dataset, finished):
    dataset.to_table(columns=["n"], filter=pc.field("n") >= 990)
    assert sent(finished) == (10, 80)
    dataset.head(5, columns=["n"])
    assert sent(finished) == (5, 40)
    assert dataset.count_rows(pc.field("name") == "row 8") == 1
    assert sent(finished) == (1, 8)


def test_filters_add_up(dataset):
    few = dataset.filter(pc.field("n") > 10).filter(pc.field("n") < 20)
    assert few.to_table(filter=pc.field("n") != 15)["n"].to_pylist() == [
        11,
        12,
        13,
        14,
        16,
        17,
        18,
        19,
    ]
    assert few.count_rows() == 9


COMPARED = st.sampled_from(["n", "half", "name"]).flatmap(
    lambda name: st.builds(
        lambda compare, value: compare(pc.field(name), value),
        st.sampled_from([pc.equal, pc.less, pc.greater_equal, pc.not_equal]),
        st.sampled_from([value for value in ROWS[name].to_pylist()[:50] if value is not None]),
    )
)
CONDITIONS = st.recursive(
    COMPARED
    | st.sampled_from(
        [
            pc.field("n") + 1 > 17,
            pc.field("deep", "a") == 3,
            pc.field("name").is_null(),
            pc.starts_with(pc.field("name"), "row 1"),
            pc.field("half").isin([0.5, 1.0, None]),
            pc.if_else(
                pc.field("half").is_valid(),
                (pc.field("half") == 3) | pc.field("half").isin([1.5, 2.5]),
                pa.scalar(None, pa.bool_()),
            ),
        ]
    ),
    lambda inner: st.one_of(
        inner.map(lambda one: ~one),
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
    ),
    max_leaves=4,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CONDITIONS)
def test_any_filter_keeps_the_rows_that_arrow_keeps(dataset, condition):
    assert dataset.to_table(columns=["n"], filter=condition) == ROWS.filter(condition).select(["n"])


def test_polars_takes_it(dataset):
    found = pl.scan_pyarrow_dataset(dataset).filter(pl.col("n") > 997).select("name").collect()
    assert found["name"].to_list() == ["row 998", "row 999"]


def test_what_a_flight_is_not_is_told(dataset):
    for call in (
        dataset.get_fragments,
        lambda: dataset.sort_by("n"),
        lambda: dataset.join(dataset, "n"),
        lambda: dataset.join_asof(dataset, "n", "n", 1),
        lambda: dataset.replace_schema(ROWS.schema),
    ):
        with pytest.raises(Unsupported):
            call()
    with pytest.raises(InvalidCommand, match="no column 'm'"):
        dataset.to_table(columns=["m"])
    with pytest.raises(InvalidCommand, match="does not fit"):
        dataset.to_table(filter=pc.field("m") > 1)
    with pytest.raises(InvalidCommand, match="no row 1000"):
        dataset.take([1000])


def test_nothing_of_arrow_is_left_that_reads_no_flight(dataset):
    inherited = {name for name in vars(ds.Dataset) if not name.startswith("__")}
    own = type(dataset)
    assert [name for name in inherited if getattr(own, name) is getattr(ds.Dataset, name)] == []


@pytest.mark.parametrize(
    "scan",
    [
        lambda dataset: ds.UnionDataset(dataset.schema, [dataset]).to_table(),
        lambda dataset: acero.Declaration("scan", acero.ScanNodeOptions(dataset)).to_table(),
        lambda dataset: ROWS.join(dataset, "n"),
        lambda dataset: ds.Scanner.from_dataset(dataset).to_table(),
        lambda dataset: dataset.children[0].to_table(),
    ],
    ids=["union", "acero", "join", "scanner", "child"],
)
def test_what_arrow_would_scan_by_itself_is_refused(dataset, scan):
    with pytest.raises(Unsupported, match=r"Arrow cannot scan a flight by itself"):
        scan(dataset)


def test_it_is_written_to_files(dataset, tmp_path):
    ds.write_dataset(dataset, tmp_path / "all", format="parquet")
    some = dataset.scanner(["n"], pc.field("n") < 10)
    ds.write_dataset(some, tmp_path / "some", format="parquet")

    assert ds.dataset(tmp_path / "all").to_table().sort_by("n") == ROWS
    assert ds.dataset(tmp_path / "some").to_table() == ROWS.select(["n"])[:10]


def test_it_is_a_stream_to_what_takes_one(dataset):
    assert pa.table(dataset) == ROWS
    assert pa.table(dataset.scanner(["n"])) == ROWS.select(["n"])


def test_wrong_arguments_are_told(dataset):
    name = pc.field("name")
    for call, told in (
        (lambda: dataset.to_table(batch_size=0), "1 row or more, not 0"),
        (lambda: dataset.to_table(batch_size=-1), "1 row or more, not -1"),
        (lambda: dataset.to_table(filter="n = 1"), "no expression of pyarrow.compute: 'n = 1'"),
        (lambda: dataset.to_table(columns="name"), "a list of names"),
        (lambda: dataset.to_table(columns=[name]), "a list of names"),
        (lambda: dataset.to_table(columns={"name": "name"}), "a list of names"),
        (lambda: dataset.take([-1]), "from 0 on"),
        (lambda: dataset.take([1, None]), "from 0 on"),
        (lambda: dataset.take(["one"]), "by their numbers"),
    ):
        with pytest.raises(InvalidCommand, match=told):
            call()


def test_an_expression_says_nothing_on_standard_error(serve, memory):
    """Arrow does, where the buffers of a stream lie at odd addresses."""
    served = serve(memory(TABLES, batch_rows=7))
    script = (
        "import flightstream, pyarrow.compute as pc, sys\n"
        "with flightstream.connect(sys.argv[1]) as client:\n"
        "    found = client.read('rows', filter=pc.match_substring(pc.field('name'), '99'))\n"
        "    made = client.dataset('rows').to_table(columns={'m': pc.field('n') + 1})\n"
        "print(found.num_rows, made.num_rows)\n"
    )
    uri = f"localhost:{served.server.port}"
    done = subprocess.run(
        [sys.executable, "-c", script, uri], capture_output=True, text=True, timeout=60
    )

    assert (done.stdout.split(), done.stderr) == (["17", "1000"], "")


def test_a_flight_that_is_not_there(serve, memory):
    with pytest.raises(NotFound):
        serve(memory(TABLES)).client.dataset("nothing")


def test_a_flight_with_other_columns_is_stale(serve, memory):
    tables = {"rows": pa.table({"n": [1]})}

    @adapter
    class Changing(memory(tables)):
        @hookimpl
        def list_flights(self):
            yield Flight("rows", version=str(tables["rows"].schema))

    served = serve(Changing)
    dataset = served.client.dataset("rows")
    tables["rows"] = pa.table({"n": ["one"]})
    served.client.action("refresh")
    with pytest.raises(Stale, match="make it again"):
        dataset.to_table()
