"""What a client returns, whoever takes it: streams, expressions, parts, threads, processes."""

import multiprocessing
import pickle
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import flightstream
from flightstream import InvalidCommand, NotFound, PluginError, adapter, hookimpl
from flightstream.client import parallel

ROWS = pa.table(
    {
        "n": range(1000),
        "name": [None if n % 7 == 0 else f"row {n}" for n in range(1000)],
        "half": [n / 2 for n in range(1000)],
    }
)


@pytest.fixture
def parted(memory):
    """An adapter whose flight comes in as many parts as wanted."""

    @adapter
    class Parted(memory({"rows": ROWS}, pushes=["partitions"])):
        @hookimpl
        def plan_partitions(self, target):
            size = -(-ROWS.num_rows // target)
            return [(start, size) for start in range(0, ROWS.num_rows, size)]

        @hookimpl
        def stream_batches(self, request):
            start, size = request.partition or (0, None)
            yield from ROWS.slice(start, size).to_batches(max_chunksize=10)

    return Parted


@pytest.fixture
def served(serve, parted):
    return serve(parted)


class TestStreams:
    def test_whatever_speaks_the_capsule_protocol_takes_one(self, served):
        assert pa.table(served.client.stream("rows")) == ROWS
        assert pa.RecordBatchReader.from_stream(served.client.stream("rows")).read_all() == ROWS
        assert pl.DataFrame(served.client.stream("rows")).equals(pl.from_arrow(ROWS))
        assert pa.schema(served.client.stream("rows")) == ROWS.schema

    def test_data_frames(self, served):
        pd.testing.assert_frame_equal(served.client.stream("rows").to_pandas(), ROWS.to_pandas())
        assert served.client.stream("rows").to_polars().equals(pl.from_arrow(ROWS))

    def test_a_reader_of_arrow(self, served):
        assert served.client.stream("rows").to_reader().read_all() == ROWS

    def test_batches_come_one_by_one_and_may_be_left(self, served, until):
        batches = served.client.batches("rows", partitions=4)
        assert next(batches).column(0)[0].as_py() == 0
        batches.close()
        until(lambda: served.server.service.calls.active == 0)

    def test_a_closed_stream_ends_its_call(self, served, until):
        with served.client.stream("rows", partitions=8) as stream:
            stream.read_next_batch()
        until(lambda: served.server.service.calls.active == 0)


class TestParts:
    @pytest.mark.parametrize("partitions", [1, 2, 8, 50])
    def test_they_are_the_whole_in_order(self, served, partitions):
        assert served.client.read("rows", partitions=partitions) == ROWS
        assert served.client.stream("rows", partitions=partitions).read_all() == ROWS

    def test_without_order_no_row_is_lost(self, served):
        table = served.client.stream("rows", partitions=20, ordered=False).read_all()
        assert table.sort_by("n") == ROWS

    def test_a_part_is_read_by_itself(self, served):
        described = served.client.info("rows", partitions=4, columns=["n"])
        parts = [served.client.read(part) for part in described.parts]
        assert pa.concat_tables(parts) == ROWS.select(["n"])
        assert served.client.read(described) == ROWS.select(["n"])
        with pytest.raises(InvalidCommand, match="said once"):
            served.client.read(described, limit=1)

    def test_the_first_that_fails_ends_them_all(self, serve, parted, until):
        @adapter
        class Failing(parted):
            @hookimpl
            def stream_batches(self, request):
                start, size = request.partition
                if start >= 500:
                    raise RuntimeError("no")
                yield from ROWS.slice(start, size).to_batches(max_chunksize=10)

        served = serve(Failing)
        with pytest.raises(PluginError):
            served.client.read("rows", partitions=8)
        until(lambda: served.server.service.calls.active == 0)

    @pytest.mark.parametrize("ordered", [True, False])
    def test_what_waits_is_bounded_and_no_part_starves(self, ordered):
        batch = pa.record_batch({"n": pa.array(range(1000))})
        out, most, lock = 0, 0, threading.Lock()

        def read(_halt):
            nonlocal out, most
            for _ in range(20):
                with lock:
                    out += 1
                    most = max(most, out)
                yield batch

        taken = 0
        halt = parallel.Halt()
        limit = 5 * batch.nbytes
        together = parallel.read_together([read] * 12, halt, ordered=ordered, buffer_bytes=limit)
        for _ in together:
            if taken % 20 == 0:
                time.sleep(0.01)  # the others run ahead, as far as they may
            taken += 1
            with lock:
                out -= 1

        assert taken == 240
        assert most <= 5 + 2 * parallel.AT_ONCE + 1


class TestExpressions:
    @pytest.mark.parametrize(
        "expression",
        [
            pc.field("n") > 990,
            (pc.field("n") > 10) & pc.field("name").is_valid() & (pc.field("half") < 20),
            ~pc.field("name").isin(["row 1", "row 2"]) & (pc.field("n") < 20),
            (pc.field("n") + 1 > 990) & (pc.field("name") != "row 995"),
            pc.starts_with(pc.field("name"), "row 99") | (pc.field("n") == 0),
            pc.field("n").cast("string") == "17",
        ],
        ids=str,
    )
    def test_they_keep_the_rows_that_arrow_keeps(self, served, expression):
        kept = ROWS.filter(expression)
        read = served.client.read

        assert read("rows", filter=expression) == kept
        assert read("rows", filter=expression, columns=["half"]) == kept.select(["half"])
        assert read("rows", filter=expression, limit=3, offset=1) == kept.slice(1, 3)
        assert read("rows", filter=expression, partitions=5) == kept

    def test_what_can_be_said_in_sql_goes_to_the_server(self, served):
        expression = (pc.field("n") < 5) & (pc.field("n") + 1 > 3)
        with served.client.stream("rows", filter=expression) as stream:
            assert stream.read_all()["n"].to_pylist() == [3, 4]
        info = served.client.info("rows", filter=expression, columns=["name"])
        assert (info.schema.names, info.sent_schema.names) == (["name"], ["name", "n"])
        assert served.get(info.tickets[0])["n"].to_pylist() == [0, 1, 2, 3, 4]

    def test_one_that_does_not_fit_is_told(self, served):
        for expression in (pc.field("m") + 1 > 2, pc.field("name") + 1 > 2):
            with pytest.raises(InvalidCommand):
                served.client.read("rows", filter=expression)


class TestSharing:
    def test_a_hundred_threads_on_one_client(self, served):
        client = flightstream.connect(f"localhost:{served.server.port}")
        with client, ThreadPoolExecutor(100) as pool:
            tables = list(pool.map(lambda n: client.read("rows", limit=n + 1), range(100)))
        assert [table.num_rows for table in tables] == list(range(1, 101))

    def test_it_goes_to_processes(self, served):
        described = served.client.info("rows", partitions=2, filter=pc.field("n") + 1 > 500)
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, spawn) as pool:
            tables = list(pool.map(served.client.read, described.parts))
        assert pa.concat_tables(tables) == ROWS.slice(500)

    def test_what_it_was_told_goes_along_but_not_whom_it_tells(self):
        client = flightstream.connect("localhost:1", attempts=7, on_event=lambda event: None)
        again = pickle.loads(pickle.dumps(client))
        assert repr(again) == "Client('grpc://localhost:1')"
        assert again._connections.patience == client._connections.patience


@pytest.mark.parametrize("name", ["attempts", "timeout_seconds", "idle_timeout_seconds"])
def test_numbers_that_make_no_sense_are_refused(name):
    with pytest.raises(flightstream.ConfigError, match=f"{name} is 0: it has to be more than 0"):
        flightstream.connect("localhost:1", **{name: 0})


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        ({"filter": 5}, "a filter is SQL or an expression of pyarrow.compute, and not 5"),
        ({"columns": "name"}, "columns are a list of names, and not 'name'"),
        ({"columns": [1]}, "columns are a list of names, and not [1]"),
        ({"columns": 1}, "columns are a list of names, and not 1"),
        ({"limit": "5"}, "limit is a whole number from 0, and not '5'"),
        ({"offset": -1}, "offset is a whole number from 0, and not -1"),
    ],
)
def test_what_cannot_be_asked_is_told_with_its_name(served, selection, told):
    for call in (served.client.read, served.client.info, served.client.explain):
        with pytest.raises(InvalidCommand) as caught:
            call("rows", **selection)
        assert caught.value.message == told


def test_what_is_unknown_is_told_with_what_there_is(served):
    with pytest.raises(TypeError, match="no 'where' to be asked, but columns, filter, limit, off"):
        served.client.read("rows", where="n > 1")
    assert served.client.read("rows", columns=(name for name in ["n"])) == ROWS.select(["n"])
    for call in (served.client.read, served.client.info, served.client.dataset):
        with pytest.raises(InvalidCommand, match="by its name, a text, and not by None"):
            call(None)


def test_an_unknown_flight_is_still_unknown(served):
    with pytest.raises(NotFound, match="there is no flight 'roes'"):
        served.client.read("roes", filter=pc.field("n") + 1 > 1)
