"""What waits, what is refused and what is ended, so that the server goes on for everybody."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pyarrow as pa
import pytest
from attrs import define, field
from pyarrow import flight

import flightstream
from flightstream import (
    Action,
    Credentials,
    Flight,
    Identity,
    InvalidCommand,
    Unavailable,
    adapter,
    hookimpl,
    service,
)

LONG = 20.0
BATCH = pa.record_batch({"x": list(range(100_000))})
SMALL = pa.table({"x": [1, 2, 3]})


@define(eq=False)
class Gate:
    """Something that hangs until it is opened; all do at the end of a test."""

    reached: threading.Event = field(factory=threading.Event)
    closed: threading.Event = field(factory=threading.Event)
    _opened: threading.Event = field(factory=threading.Event)

    def wait(self) -> None:
        self.reached.set()
        self._opened.wait(LONG)

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def lake(gate: Gate) -> type[Any]:
    """An adapter of a small flight, an endless one, and some that wait at the gate."""

    @adapter
    class Lake:
        source: flightstream.Source

        @hookimpl
        def list_flights(self) -> Any:
            names = ("small", "endless", "late", "stalls", "schemaless")
            return [Flight(name, version="1") for name in names]

        @hookimpl
        def get_schema(self, flight: Flight) -> pa.Schema:
            if flight.name == ("schemaless",):
                gate.wait()
            return BATCH.schema

        @hookimpl
        def stream_batches(self, flight: Flight) -> Any:
            return getattr(self, flight.name[0])()

        def small(self) -> Any:
            yield from SMALL.to_batches()

        def endless(self) -> Any:
            try:
                while True:
                    yield BATCH
            finally:
                gate.closed.set()

        def late(self) -> Any:
            try:
                gate.wait()
                while True:
                    yield BATCH
            finally:
                gate.closed.set()

        def stalls(self) -> Any:
            try:
                yield BATCH
                gate.wait()
                yield BATCH
            finally:
                gate.closed.set()

    return Lake


@service
class Doorkeeper:
    """Everybody is who they say."""

    @hookimpl
    def authenticate(self, credentials: Credentials) -> Identity:
        return Identity(credentials.headers["x-name"][0])


@pytest.fixture
def reading() -> Iterator[Callable[..., Any]]:
    """Return a function that begins to read a flight, and stops after a batch."""
    with ExitStack() as stack:

        def begin(served: Any, ticket: bytes = b"s/endless", name: str = "ann") -> Any:
            raw = stack.enter_context(flight.connect(f"grpc://localhost:{served.server.port}"))
            options = flight.FlightCallOptions(headers=[(b"x-name", name.encode())])
            reader = raw.do_get(flight.Ticket(ticket), options)
            stack.callback(reader.cancel)
            reader.read_chunk()
            return reader

        yield begin


def scans(served: Any) -> int:
    return served.server.service.status().active_scans


def read_on(reader: Any) -> None:
    """Read to the end of what is on its way, or of the stream."""
    while True:
        reader.read_chunk()


class TestPlaces:
    def test_a_stream_waits_until_another_has_ended(self, serve, lake, reading, threads, until):
        served = serve(lake, limits={"max_concurrent_scans": 2, "queue_timeout_seconds": LONG})
        first, _second = reading(served), reading(served)

        waiting = threads.submit(served.get, b"s/small")
        until(lambda: served.server.service.status().waiting_scans == 1)
        assert not waiting.done()
        first.cancel()

        assert waiting.result(LONG) == SMALL

    def test_who_waits_for_too_long_is_told_when_to_come_again(self, serve, lake, reading):
        served = serve(lake, limits={"max_concurrent_scans": 1, "queue_timeout_seconds": 0.05})
        reading(served)

        with pytest.raises(Unavailable, match="no room for another stream") as caught:
            served.client.read("s/small")

        assert caught.value.retry_after_seconds == 1.0
        assert served.client.schema("s/small") == SMALL.schema
        assert scans(served) == 1

    def test_a_stream_that_is_not_read_to_its_end_gives_its_place_back(self, serve, lake, until):
        served = serve(lake, limits={"max_concurrent_scans": 1, "queue_timeout_seconds": LONG})
        for _ in range(5):
            reader = served.raw.do_get(flight.Ticket(b"s/endless"))
            reader.read_chunk()
            reader.cancel()
            del reader
        assert served.get(b"s/small") == SMALL
        until(lambda: scans(served) == 0)

    def test_a_client_that_goes_does_not_wait_on(self, serve, lake, reading, until):
        served = serve(lake, limits={"max_concurrent_scans": 1, "queue_timeout_seconds": 300})
        reading(served)
        hurried = flight.FlightCallOptions(timeout=0.2)

        with pytest.raises(flight.FlightTimedOutError):
            served.raw.do_get(flight.Ticket(b"s/small"), hurried).read_all()

        until(lambda: served.server.service.status().waiting_scans == 0)

    def test_one_that_asks_for_much_leaves_room_for_others(self, serve, lake, reading, threads):
        served = serve(
            Doorkeeper,
            lake,
            limits={"max_concurrent_scans": 10, "queue_timeout_seconds": 0.5},
        )
        for _ in range(9):
            reading(served, name="ann")

        with pytest.raises(pa.ArrowException, match="no room for another stream"):
            served.get(b"s/small", **{"x-name": "ann"})

        assert served.get(b"s/small", **{"x-name": "bob"}) == SMALL


class TestOverdue:
    def test_a_client_is_told_that_an_answer_takes_too_long(self, serve, lake, gate):
        served = serve(lake, limits={"request_timeout_seconds": 0.2})

        with pytest.raises(Unavailable, match=r"no answer within 0\.2 seconds") as caught:
            served.client.schema("s/schemaless")

        assert caught.value.flight == "s/schemaless"
        assert served.client.schema("s/small") == SMALL.schema
        gate.open()
        assert served.client.schema("s/schemaless") == SMALL.schema

    def test_a_source_that_cannot_be_listed_in_time_is_one_that_fails(
        self, serve, lake, gate, until
    ):
        @adapter
        class Hangs(lake):
            @hookimpl
            def list_flights(self) -> Any:
                gate.wait()
                yield Flight("small")

        served = serve(Hangs, limits={"request_timeout_seconds": 0.2})

        with pytest.raises(Unavailable, match="in a source that does not answer now"):
            served.client.read("s/small")
        assert served.client.action("health")[0] == (
            b'{"status": "degraded", "ready": true, "failed_sources": ["s"]}'
        )
        gate.open()
        served.client.action("refresh")
        assert served.client.read("s/small") == SMALL

    def test_an_action_may_take_no_longer_than_any_call(self, serve, lake, gate):
        @service
        class Acts:
            @hookimpl
            def list_actions(self) -> Any:
                return [Action("hang", "hangs", self.hang)]

            def hang(self, identity: Identity, body: bytes) -> Any:
                yield b"begun"
                gate.wait()

        served = serve(Acts, lake, limits={"request_timeout_seconds": 0.2})

        with pytest.raises(Unavailable, match="no answer within"):
            served.client.action("hang")

    def test_a_stream_may_take_longer(self, serve, lake, gate, reading, until):
        served = serve(lake, limits={"request_timeout_seconds": 0.05})
        reader = reading(served, b"s/stalls")
        assert gate.reached.wait(LONG)
        served.client.schema("s/small")
        threading.Event().wait(0.1)

        gate.open()

        assert reader.read_chunk().data == BATCH


class TestFirstBatch:
    def test_it_is_waited_for_so_long(self, serve, lake, gate, until):
        served = serve(lake, limits={"first_batch_timeout_seconds": 0.2, "max_concurrent_scans": 1})

        with pytest.raises(Unavailable, match=r"first rows have not come within 0\.2 s") as caught:
            served.client.read("s/late")

        assert caught.value.flight == "s/late"
        assert served.client.read("s/small") == SMALL  # its place is free
        assert not gate.closed.is_set()
        gate.open()
        assert gate.closed.wait(LONG)
        until(lambda: scans(served) == 0)

    def test_a_late_one_is_not_asked_for_a_client_that_is_gone(self, serve, lake, gate):
        served = serve(lake, limits={"first_batch_timeout_seconds": 0.1})
        for _ in range(3):
            with pytest.raises(Unavailable):
                served.client.read("s/late")

        gate.open()  # the threads go on, after their calls

        assert gate.closed.wait(LONG)
        assert served.client.read("s/small") == SMALL


class TestIdle:
    def test_a_reader_that_takes_nothing_gives_its_place_back(
        self, serve, lake, gate, reading, until
    ):
        served = serve(lake, limits={"idle_timeout_seconds": 0.3, "max_concurrent_scans": 1})
        reader = reading(served)

        assert gate.closed.wait(LONG)

        until(lambda: scans(served) == 0)
        assert served.client.read("s/small") == SMALL
        with pytest.raises(
            flight.FlightUnavailableError, match=r"reader has taken nothing for 0\.3"
        ):
            read_on(reader)

    def test_a_source_that_gives_nothing_takes_no_place(self, serve, lake, gate, reading, until):
        served = serve(lake, limits={"idle_timeout_seconds": 0.3, "max_concurrent_scans": 1})
        reader = reading(served, b"s/stalls")

        until(lambda: scans(served) == 0)

        assert served.client.read("s/small") == SMALL
        assert not gate.closed.is_set()
        gate.open()
        with pytest.raises(
            flight.FlightUnavailableError, match=r"source has given nothing for 0\.3"
        ):
            reader.read_chunk()
        assert gate.closed.wait(LONG)

    def test_a_source_that_comes_to_its_end_too_late_has_no_complete_stream(
        self, serve, lake, gate, reading, until
    ):
        class Ends(lake):
            def stalls(self) -> Any:
                yield BATCH
                gate.wait()

        served = serve(adapter(Ends), limits={"idle_timeout_seconds": 0.3})
        reader = reading(served, b"s/stalls")
        until(lambda: scans(served) == 0)

        gate.open()

        with pytest.raises(flight.FlightUnavailableError, match="source has given nothing"):
            reader.read_chunk()

    def test_a_source_that_fails_too_late_was_ended_before(self, serve, lake, gate, reading, until):
        class Fails(lake):
            def stalls(self) -> Any:
                yield BATCH
                gate.wait()
                raise InvalidCommand("nobody hears of this")

        served = serve(adapter(Fails), limits={"idle_timeout_seconds": 0.3})
        reader = reading(served, b"s/stalls")
        until(lambda: scans(served) == 0)

        gate.open()

        # As the log has it.
        with pytest.raises(flight.FlightUnavailableError, match="source has given nothing"):
            reader.read_chunk()


def test_a_command_may_have_a_length(serve, lake):
    served = serve(lake, limits={"max_command_bytes": 1024})
    command = b'{"flight": "s/small", "filter": "x = %s"}' % (b"1" + b" " * 1000)

    with pytest.raises(pa.ArrowException, match="the command is longer than 1024 bytes"):
        served.get(command)
    with pytest.raises(InvalidCommand, match="the command is longer than 1024 bytes"):
        served.client.schema("a" * 2000)
    assert served.get(command.replace(b" " * 900, b"")) == SMALL.slice(0, 1)


def test_more_headers_than_the_transport_takes_are_refused(serve, lake):
    served = serve(lake)

    with pytest.raises(pa.ArrowException, match="metadata size exceeds"):
        served.get(b"s/small", **{"x-name": "a" * 20_000})

    assert served.get(b"s/small") == SMALL


def test_a_reload_changes_limits(serve, lake, reading, folder):
    limits = {"max_concurrent_scans": 1, "queue_timeout_seconds": 0.05}
    served = serve(lake, limits=limits)
    reading(served)
    with pytest.raises(Unavailable):
        served.client.read("s/small")

    served.server.reload(sources={"s": folder}, limits=limits | {"max_concurrent_scans": 2})

    assert served.client.read("s/small") == SMALL


def test_what_is_refused_is_counted(serve, lake, reading):
    seen = []

    @service
    class Observer:
        @hookimpl
        def on_call_finished(self, record: flightstream.CallRecord) -> None:
            seen.append((record.method, record.code, record.phases[-1].name))

    served = serve(
        Observer, lake, limits={"max_concurrent_scans": 1, "queue_timeout_seconds": 0.05}
    )
    reading(served)
    with pytest.raises(pa.ArrowException):
        served.get(b"s/small")

    assert seen == [("DoGet", "unavailable", "queue")]


def test_limits_are_part_of_the_configuration(serve, lake):
    with pytest.raises(flightstream.ConfigError) as caught:
        serve(lake, limits={"max_concurrent_scans": 0, "idle_timeout": 3})

    assert caught.value.message.splitlines() == [
        "keywords: server.limits.max_concurrent_scans: 0 is less than the minimum 1",
        "keywords: server.limits.idle_timeout: unknown key; did you mean 'idle_timeout_seconds'?",
    ]
