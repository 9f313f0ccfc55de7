"""Calls under way: counted, reported, and refused while the server stops."""

import gc
import json
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
import structlog
from structlog.testing import capture_logs

from flightstream import (
    CallRecord,
    Cancelled,
    Credentials,
    Flight,
    Grant,
    Identity,
    NotFound,
    PluginError,
    ScanCounts,
    Unavailable,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.registry import Plugin, Registry, Services
from flightstream.serving.admission import Place
from flightstream.serving.calls import Calls
from flightstream.serving.listing import Entry
from flightstream.serving.offer import Offer
from flightstream.serving.planner import make_plan
from flightstream.serving.scan import Scan
from flightstream.serving.setup import Setup
from flightstream.wire import Command

LONG = 20.0

CREDENTIALS = Credentials(peer="ipv4:127.0.0.1:1")


@service
class Observer:
    seen: list[CallRecord] = option(factory=list, help="what it saw")

    @hookimpl
    def on_call_finished(self, record):
        self.seen.append(record)


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def calls(observer: Observer) -> Calls:
    registry = Registry(Services.of([Plugin("observer", "1", observer)]), ())
    return Calls(Setup(registry, "1", 1000, 10_000, 60.0))


def told(record: CallRecord) -> tuple[Any, ...]:
    return record.method, record.code, record.flight, record.subject, record.peer, record.rows


def test_a_call_is_reported_when_it_ends(calls, observer):
    with capture_logs() as logs, calls.during("DoAction", CREDENTIALS) as call:
        call.identity = Identity("ann")
        call.flight = "s/a"
        assert (calls.active, observer.seen) == (1, [])

    [record] = observer.seen
    assert told(record) == ("DoAction", "ok", "s/a", "ann", "ipv4:127.0.0.1:1", 0)
    assert record.duration_seconds > 0
    [logged] = logs
    assert logged == {
        "event": "call_finished",
        "log_level": "info",
        "call": call.id,
        "method": "DoAction",
        "code": "ok",
        "seconds": logged["seconds"],
        "subject": "ann",
        "peer": "ipv4:127.0.0.1:1",
        "flight": "s/a",
    }
    assert calls.active == 0


@pytest.mark.parametrize(
    ("error", "code", "event"),
    [
        (NotFound("no"), "not_found", "call_finished"),
        (RuntimeError("s3cr3t"), "internal", "call_failed"),
    ],
)
def test_a_call_that_fails_is_reported_with_its_code(calls, observer, error, code, event):
    def fail() -> None:
        with calls.during("GetFlightInfo", CREDENTIALS) as call:
            call.flight = "s/a"
            raise error

    with capture_logs() as logs, pytest.raises(type(error)) as caught:
        fail()

    assert caught.value is error
    [record] = observer.seen
    assert (record.code, record.flight) == (code, "s/a")
    assert [(log["event"], log["call"], log["code"]) for log in logs] == [
        (event, record.call, code)
    ]
    if isinstance(error, NotFound):
        assert (error.call, error.flight) == (record.call, "s/a")


def test_observers_are_told_of_the_end_where_the_log_fails(calls, observer):
    def broken(*_: Any) -> Any:
        raise OSError("the log is full")

    before = structlog.get_config()
    structlog.configure(processors=[broken])
    try:
        with pytest.raises(OSError, match="the log is full"):
            calls.close(calls.open("DoGet", CREDENTIALS))
    finally:
        structlog.configure(**before)

    assert [record.code for record in observer.seen] == ["ok"]
    assert calls.active == 0


def test_a_record_tells_roles_in_one_order_whatever_they_are(calls, observer):
    for roles in ({"b", "a", "c"}, {"b", None, 5}):
        with capture_logs(), calls.during("DoGet", CREDENTIALS) as call:
            call.identity = Identity("ann", roles)

    assert [record.roles for record in observer.seen] == [("a", "b", "c"), (5, None, "b")]


def open_and_close_for_ever(calls: Calls) -> None:
    while True:
        calls.close(calls.open("DoGet", CREDENTIALS))


def test_a_server_that_stops_refuses_new_calls_and_waits_for_old_ones(calls):
    drained: list[bool] = []
    with calls.during("DoGet", CREDENTIALS):
        draining = threading.Thread(target=lambda: drained.append(calls.drain(30)))
        draining.start()
        with pytest.raises(Unavailable) as caught:
            open_and_close_for_ever(calls)
        assert drained == []
    draining.join()

    assert drained == [True]
    assert caught.value.message == "the server is stopping"
    assert caught.value.retry_after_seconds == 1.0


def test_a_drain_ends_at_its_deadline(calls):
    with calls.during("DoGet", CREDENTIALS):
        assert calls.drain(0.01) is False


def start_and_abandon(running, began, go_on, until, *, is_late):
    """Start a scan, and abandon it after its first batch is there, or while that is late."""
    first = running.start()
    assert began.wait(LONG)
    if is_late:
        running.abandon()
    go_on.set()
    until(first.done)
    if not is_late:
        running.abandon()


class TestScan:
    @pytest.fixture
    def scan(self, memory, mount, calls) -> Any:
        def start(
            *batches: Any,
            counted: Any = None,
            source: Any = lambda: (),
            is_cancelled: Any = lambda: False,
            **command: Any,
        ) -> Scan:
            table = pa.table({"x": pa.array([], pa.int64())})

            @adapter
            class Lake(memory({"a": table})):
                @hookimpl
                def stream_batches(self, request):
                    yield from batches
                    yield from source()
                    for name, number in (counted or {}).items():
                        request.counts.add(name, number)

            flight = Flight("a")
            entry = Entry(flight, mount(Lake), flight.name)
            offer = Offer.of(entry, table.schema, Grant(), ("s", "a"))
            plan = make_plan(entry, offer, Command(("s", "a"), **command))
            call = calls.open("DoGet", CREDENTIALS)
            call.entry, call.flight = entry, "s/a"
            return Scan(plan, call, calls, Place("ann"), is_cancelled)

        return start

    @pytest.fixture
    def batch(self) -> pa.RecordBatch:
        return pa.record_batch({"x": [1, 2, 3]})

    def test_what_was_sent_is_counted(self, scan, batch, observer):
        running = scan(batch, batch, counted={"skipped_rows": 2, "nulled_values": 0})

        assert list(running) == [batch, batch]
        [record] = observer.seen
        assert told(record)[:3] == ("DoGet", "ok", "s/a")
        assert (record.rows, record.batches, record.bytes) == (6, 2, 48)
        assert (record.source, record.adapter, record.counts) == (
            "s",
            "memory",
            {"skipped_rows": 2},
        )
        assert 0 < record.first_batch_seconds <= record.duration_seconds
        assert json.loads(running.summary()) == {"rows": 6, "skipped_rows": 2}

    def test_batches_without_rows_are_not_sent(self, scan, batch, observer):
        assert list(scan(batch[:0], batch, batch[:0], offset=1)) == [batch[1:]]
        assert observer.seen[0].batches == 1

    def test_no_count_of_an_adapter_hides_what_the_core_says(self, scan, batch, observer):
        names = ["rows", "event", "call", "code", "error", "level"]
        running = scan(batch, counted=dict.fromkeys(names, 7))

        with capture_logs() as logs:
            list(running)

        assert json.loads(running.summary())["rows"] == 3
        assert [(log["event"], log["rows"], log["code"]) for log in logs] == [
            ("call_finished", 3, "ok")
        ]
        assert observer.seen[0].counts == dict.fromkeys(names, 7)

    def test_another_schema_in_the_middle_ends_the_scan(self, scan, batch, observer):
        running = iter(scan(batch, pa.record_batch({"x": ["a"]})))
        assert next(running) == batch

        with capture_logs() as logs, pytest.raises(PluginError) as caught:
            next(running)

        assert caught.value.message == (
            "the plugin 'memory' broke the contract of stream_batches: a batch has another"
            " schema than was announced"
        )
        assert {k: logs[0][k] for k in ("event", "flight", "announced", "found")} == {
            "event": "plugin_broke_contract",
            "flight": "s/a",
            "announced": "x: int64",
            "found": "x: string",
        }
        assert [(r.code, r.rows) for r in observer.seen] == [("plugin_error", 3)]

    def test_no_batch_is_read_beyond_the_limit(self, scan, batch, observer):
        def batches() -> Iterator[pa.RecordBatch]:
            yield batch
            raise AssertionError("it was read")

        assert list(scan(*[batch], limit=2)) == [batch[:2]]
        assert observer.seen[0].code == "ok"

    def test_one_that_was_started_reads_before_it_is_asked(self, scan, batch, until):
        read: list[str] = []

        def batches() -> Iterator[pa.RecordBatch]:
            read.append("first")
            yield batch
            read.append("second")
            yield batch

        running = scan(source=batches)
        running.start()
        until(lambda: read == ["first"])

        assert list(running) == [batch, batch]
        assert read == ["first", "second"]

    @pytest.mark.parametrize("is_late", [False, True])
    def test_one_that_was_started_and_never_read_closes_its_source(
        self, scan, batch, observer, until, is_late
    ):
        """And never asks a transport, whose call may be over, whether the client is there."""
        closed, began, go_on = threading.Event(), threading.Event(), threading.Event()
        asked: list[str] = []

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                began.set()
                assert go_on.wait(LONG)
                yield batch
            finally:
                closed.set()

        running = scan(source=batches, is_cancelled=lambda: asked.append("client") or False)
        start_and_abandon(running, began, go_on, until, is_late=is_late)

        assert closed.wait(LONG)
        assert (asked, [r.code for r in observer.seen]) == ([], ["cancelled"])

    @pytest.mark.parametrize("is_late", [False, True])
    def test_one_that_was_never_read_holds_on_to_no_batch(self, scan, batch, until, is_late):
        """Whether or not Python looks for garbage."""
        began, go_on = threading.Event(), threading.Event()
        held: list[weakref.ref[Any]] = []

        def batches() -> Iterator[pa.RecordBatch]:
            first = batch.slice(1)
            held.append(weakref.ref(first))
            began.set()
            assert go_on.wait(LONG)
            yield first

        gc.collect()
        gc.disable()
        try:
            start_and_abandon(scan(source=batches), began, go_on, until, is_late=is_late)

            until(lambda: held[0]() is None)
        finally:
            gc.enable()

    def test_a_reader_that_stops_is_reported_as_cancelled(self, scan, batch, observer):
        running = iter(scan(batch, batch))
        next(running)

        running.close()

        assert [(r.code, r.rows) for r in observer.seen] == [("cancelled", 3)]

    def test_a_client_that_has_gone_ends_the_scan(self, scan, batch, observer):
        gone = [False]
        running = iter(scan(batch, batch, is_cancelled=lambda: gone[0]))
        next(running)
        gone[0] = True

        with pytest.raises(Cancelled, match=r"^the client has gone$"):
            next(running)
        assert [r.code for r in observer.seen] == ["cancelled"]

    def test_a_scan_that_is_never_read_is_reported_once(self, scan, batch, observer):
        running = scan(batch)

        running.abandon()
        running.abandon()

        assert [(r.code, r.rows) for r in observer.seen] == [("cancelled", 0)]


def test_counts_are_summed_and_zeros_are_not_told():
    counts = ScanCounts()
    counts.add("skipped_rows")
    counts.add("skipped_rows", 2)
    counts.add("nulled_values", 0)

    assert counts.as_dict() == {"skipped_rows": 3}


def test_what_is_noted_is_not_for_clients():
    counts, other = ScanCounts(), ScanCounts()
    counts.add("skipped_rows")
    other.add("skipped_rows", 2)
    other.note("cache_hits")

    counts.merge(other)

    assert counts.as_dict() == {"skipped_rows": 3, "cache_hits": 1}
    assert counts.for_client() == {"skipped_rows": 3}


def test_counts_of_numpy_are_numbers_like_any():
    numpy = pytest.importorskip("numpy")
    counts = ScanCounts()
    counts.add("skipped_rows", numpy.int64(2))

    assert json.dumps(counts.as_dict()) == '{"skipped_rows": 2}'


def test_what_is_no_count_is_refused_where_it_is_added():
    with pytest.raises(TypeError):
        ScanCounts().add("skipped_rows", "many")
