"""Connections that break: what is read is what is served, or an error says why not."""

import threading
import time

import pyarrow as pa
import pytest
from lossy_proxy import LossyProxy

import flightstream
from flightstream import (
    Cancelled,
    Grant,
    NotFound,
    Stale,
    Unavailable,
    adapter,
    hookimpl,
    service,
)
from flightstream.client import Connected, Connecting, Finished, Progress, Retrying

ROWS = pa.table({"n": range(40_000), "name": [f"row {n}" for n in range(40_000)]})
BATCH_ROWS = 400  # a message of about 10 KB
MESSAGE = 12_000


@pytest.fixture
def served(serve, memory):
    return serve(memory({"rows": ROWS}, batch_rows=BATCH_ROWS))


@pytest.fixture
def events():
    return []


@pytest.fixture
def through(events):
    """Return a function that connects by way of a proxy, with little patience."""

    def connect(proxy, **given):
        given = {"backoff_seconds": 0.02, "on_event": events.append} | given
        return flightstream.connect(f"grpc://127.0.0.1:{proxy.port}", **given)

    return connect


@pytest.mark.parametrize("times", [1, 2, 5, 15, 40, 100, 250])
def test_a_connection_that_is_cut_again_and_again_loses_no_row(serve, memory, through, times):
    served = serve(memory({"rows": ROWS}, batch_rows=BATCH_ROWS))
    with (
        LossyProxy(served.server.port, cut_after=MESSAGE * times) as proxy,
        through(proxy) as client,
    ):
        assert client.read("rows") == ROWS

    assert (proxy.cuts > 0) == (times <= 40)


def test_a_connection_that_brings_nothing_is_given_up(served, through, events):
    with LossyProxy(served.server.port, cut_after=200) as proxy:
        named = rf"^no answer from grpc://127\.0\.0\.1:{proxy.port}: "
        with through(proxy) as client, pytest.raises(Unavailable, match=named):
            client.read("rows")

    assert [event.attempt for event in events if isinstance(event, Retrying)] == [2, 3]


def test_what_changes_while_the_connection_is_away_is_stale(serve, memory, through):
    """Other data, other options and another grant: each is another flight."""
    first = memory({"rows": ROWS}, batch_rows=BATCH_ROWS)
    other_data = memory({"rows": ROWS}, batch_rows=BATCH_ROWS, version="2")

    @service
    class OneColumn:
        @hookimpl
        def authorize(self, identity, path, operation):
            return Grant(columns=frozenset({"n", "name"}), rows=("n < 30000",))

    for changed in [(other_data,), (first, OneColumn)]:
        served, later = serve(first), serve(*changed)
        with LossyProxy(served.server.port, cut_after=MESSAGE * 20) as proxy:
            proxy.on_cut = lambda proxy=proxy, later=later: setattr(
                proxy, "target", later.server.port
            )
            batches = []
            with through(proxy) as client, pytest.raises(Stale):
                batches.extend(client.batches("rows"))
            assert pa.Table.from_batches(batches) == ROWS.slice(0, BATCH_ROWS * len(batches))
            assert 0 < len(batches) < ROWS.num_rows / BATCH_ROWS


def test_the_server_says_when_it_may_be_asked_again(serve, memory, events):
    asked = []

    @service
    class Busy:
        @hookimpl
        def authorize(self, identity, path, operation):
            asked.append(time.monotonic())
            if len(asked) == 1:
                raise Unavailable("not now", retry_after_seconds=0.3)

    served = serve(Busy, memory({"rows": ROWS}))
    with flightstream.connect(
        f"localhost:{served.server.port}", backoff_seconds=0.001, on_event=events.append
    ) as client:
        client.info("s/rows")

    assert asked[1] - asked[0] >= 0.3
    [retrying] = [event for event in events if isinstance(event, Retrying)]
    assert (retrying.wait_seconds, retrying.error.message) == (0.3, "not now")


def test_a_server_that_wants_to_be_left_alone_for_longer_than_a_call_may_take_is(serve, memory):
    @service
    class Busy:
        asked = 0

        @hookimpl
        def authorize(self, identity, path, operation):
            type(self).asked += 1
            raise Unavailable("not today", retry_after_seconds=3600)

    served = serve(Busy, memory({"rows": ROWS}))
    client = flightstream.connect(f"localhost:{served.server.port}")
    with client, pytest.raises(Unavailable, match="not today"):
        client.info("s/rows")

    assert Busy.asked == 1


def test_nothing_else_is_tried_again(served, through, events):
    with LossyProxy(served.server.port) as proxy, through(proxy) as client:
        with pytest.raises(NotFound):
            client.read("none")
        with pytest.raises(flightstream.InvalidCommand):
            client.read("rows", filter="m > 1")

    assert not any(isinstance(event, Retrying) for event in events)


def test_events_tell_the_life_of_a_stream(served, through, events):
    with LossyProxy(served.server.port, cut_after=MESSAGE * 60) as proxy, through(proxy) as client:
        client.read("rows")

    kinds = [type(event) for event in events if not isinstance(event, Progress)]
    again = [Retrying, Connecting, Connected]
    assert kinds == [Connecting, Connected, *again * proxy.cuts, Finished]
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.rows for event in progress] == sorted(event.rows for event in progress)
    assert progress[-1].rows == ROWS.num_rows
    assert (events[-1].rows, events[-1].bytes, events[-1].error) == (40_000, ROWS.nbytes, None)


def test_a_place_that_has_failed_often_is_left_alone_for_a_while(serve, memory, through):
    with LossyProxy(None) as proxy, through(proxy, attempts=1) as client:
        told = []
        for _ in range(7):
            with pytest.raises(Unavailable) as caught:
                client.info("rows")
            told.append(caught.value)

        assert ["asked again in" in error.message for error in told] == [False] * 5 + [True] * 2
        assert 0 < told[-1].retry_after_seconds <= 1

        served = serve(memory({"rows": ROWS}))
        proxy.target = served.server.port
        with through(proxy) as patient:
            assert patient.info("rows").name == "s/rows"


def test_a_frozen_server_is_given_up_in_time(served, through):
    with LossyProxy(served.server.port) as proxy:
        client = through(proxy, idle_timeout_seconds=0.5, timeout_seconds=0.5)
        assert client.info("rows").name == "s/rows"
        proxy.frozen.set()
        with pytest.raises(Unavailable, match=r"Deadline Exceeded.*frozen"):
            client.info("rows")
        client.close()


def test_a_stream_that_freezes_in_its_midst_is_given_up_in_time(serve, memory, through):
    frozen = threading.Event()

    @adapter
    class Interrupted(memory({"rows": ROWS})):
        @hookimpl
        def stream_batches(self):
            first, *rest = ROWS.to_batches(BATCH_ROWS)
            yield first
            assert frozen.wait(60)
            yield from rest

    served = serve(Interrupted)
    with LossyProxy(served.server.port) as proxy:
        client = through(proxy, idle_timeout_seconds=0.5, timeout_seconds=0.5)
        with client.stream("rows") as stream:
            assert next(stream).num_rows == BATCH_ROWS
            proxy.frozen.set()
            frozen.set()
            with pytest.raises(Unavailable, match=r"nothing of .s/rows. for 0\.5 seconds"):
                stream.read_all()
        client.close()


def test_the_first_batch_has_a_time_of_its_own(serve, memory):
    release = threading.Event()

    @adapter
    class Late(memory({"rows": ROWS})):
        @hookimpl
        def stream_batches(self):
            release.wait(60)
            yield from ROWS.to_batches()

    served = serve(Late)
    client = flightstream.connect(
        f"localhost:{served.server.port}", first_batch_timeout_seconds=0.3
    )
    with client, pytest.raises(Unavailable, match=r"for 0\.3 seconds"):
        client.read("rows")
    release.set()


@pytest.mark.parametrize("end", ["stream", "client"])
def test_a_reader_that_waits_is_told_when_it_is_ended(serve, memory, end):
    going, release = threading.Event(), threading.Event()

    @adapter
    class Stalls(memory({"rows": ROWS})):
        @hookimpl
        def stream_batches(self):
            yield ROWS.to_batches()[0]
            going.set()
            release.wait(60)

    client = flightstream.connect(f"localhost:{serve(Stalls).server.port}")
    stream = client.stream("rows")
    ending = threading.Thread(
        target=lambda: (going.wait(60), stream.cancel() if end == "stream" else client.close())
    )
    ending.start()
    with pytest.raises(Cancelled):
        stream.read_all()
    ending.join()
    release.set()
    client.close()
    with pytest.raises(Cancelled):
        client.read("rows")
