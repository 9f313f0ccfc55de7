"""What observers are told: calls with their phases, failures of plugins, and how a server is."""

import threading
import time
from typing import Any

import pyarrow as pa
import pytest
from attrs import field
from pyarrow import flight
from structlog.testing import capture_logs

from flightstream import (
    Action,
    CallRecord,
    Credentials,
    Flight,
    FlightStreamError,
    Grant,
    Mask,
    PluginFailure,
    ServerInfo,
    ServerStatus,
    Source,
    Unavailable,
    adapter,
    hookimpl,
    option,
    service,
)

TABLE = pa.table({"n": range(10), "name": list("abcdefghij")})
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@service
class Listener:
    """Keeps what it is told, and the server that tells it."""

    fails: bool = option(False, help="whether it raises, too")
    records: list[CallRecord] = field(factory=list, init=False)
    failures: list[PluginFailure] = field(factory=list, init=False)
    server: Any = field(default=None, init=False)
    at_startup: Any = field(default=None, init=False)

    @hookimpl
    def on_startup(self, server: ServerInfo) -> None:
        self.server, self.at_startup = server, server.status()

    @hookimpl
    def on_call_finished(self, record: CallRecord) -> None:
        self.records.append(record)

    @hookimpl
    def on_plugin_failed(self, failure: PluginFailure) -> None:
        self.failures.append(failure)
        if self.fails:
            raise RuntimeError("the observer itself")

    @hookimpl
    def list_actions(self):
        yield Action("fail", "Fails", self._fail)

    def _fail(self, identity: Any, body: bytes) -> list[bytes]:
        raise ZeroDivisionError("s3cr3t")


def listener(served: Any) -> Listener:
    plugins = served.server.service.setup.registry.plugins
    return next(p.instance for p in plugins if isinstance(p.instance, Listener))


class TestPhases:
    def names(self, record: CallRecord) -> list[str]:
        """Return the phases of a call, which are in order and within it."""
        end = 0.0
        for phase in record.phases:
            assert phase.start_seconds >= end
            end = phase.start_seconds + phase.duration_seconds
        assert end <= record.duration_seconds
        return [phase.name for phase in record.phases]

    def test_each_method_has_its_own(self, serve, memory):
        served = serve(Listener, memory({"a": TABLE}))
        before = time.time()
        served.client.read("s/a")
        served.client.schema("s/a")
        served.client.flights()
        served.client.action("health")

        records = listener(served).records
        begun = ["authenticate", "admit"]
        assert {record.method: self.names(record) for record in records} == {
            "GetFlightInfo": [*begun, "find", "plan"],
            "DoGet": [*begun, "find", "plan", "queue", "first_batch", "stream"],
            "ListFlights": [*begun, "list"],
            "DoAction": [*begun, "action"],
        }
        assert all(before - 1 <= record.started_at <= time.time() + 1 for record in records)

    def test_the_last_is_where_a_call_failed(self, serve, memory):
        served = serve(Listener, memory({"a": TABLE}))
        for ticket in (b"gone", b'{"flight": "s/a", "columns": ["gone"]}'):
            with pytest.raises(pa.ArrowException):
                served.get(ticket)

        assert [self.names(record)[-1] for record in listener(served).records] == ["find", "plan"]

    def test_a_stream_without_rows_has_no_first_batch_but_the_time_for_it(self, serve, memory):
        served = serve(Listener, memory({"a": TABLE}))
        served.get(b'{"flight": "s/a", "filter": "n > 100"}')

        [record] = listener(served).records
        assert (self.names(record)[-1], record.first_batch_seconds) == ("first_batch", None)


class TestResidualWork:
    @service
    class Hides:
        @hookimpl
        def authorize(self, operation):
            masks = {"name": Mask("redact")}
            return Grant(rows=["n < 8"], masks=masks) if operation == "read" else None

    def test_it_is_what_the_adapter_left_to_the_core(self, serve, memory):
        served = serve(Listener, memory({"a": TABLE}))
        served.get(
            b'{"flight": "s/a", "filter": "n > 5", "limit": 2, "offset": 1, "columns":["n"]}'
        )
        served.get(b"s/a")

        some, all_ = listener(served).records
        assert some.residual == ("columns", "filter", "limit", "offset")
        assert (some.rows, some.rows_read) == (2, 10)
        assert (all_.residual, all_.rows, all_.rows_read) == ((), 10, 10)

    def test_what_is_pushed_down_is_none_of_it(self, serve, memory):
        served = serve(Listener, memory({"a": TABLE}, pushes={"columns"}))
        served.get(b'{"flight": "s/a", "columns": ["n"]}')

        assert listener(served).records[0].residual == ()

    def test_it_is_what_a_grant_asks_for(self, serve, memory):
        served = serve(Listener, self.Hides, memory({"a": TABLE}))
        served.get(b"s/a")

        [record] = listener(served).records
        assert (record.residual, record.rows, record.rows_read) == (("masks", "rows"), 8, 10)


class TestTraceContext:
    def told(self, serve, memory, **headers: str) -> tuple[str | None, str | None]:
        served = serve(Listener, memory({"a": TABLE}))
        served.get(b"s/a", **headers)
        [record] = listener(served).records
        return record.trace_parent, record.trace_state

    def test_that_of_a_call_is_told(self, serve, memory):
        told = self.told(serve, memory, traceparent=PARENT, tracestate="a=1")
        assert told == (PARENT, "a=1")

    def test_what_is_malformed_is_not(self, serve, memory):
        told = self.told(serve, memory, traceparent=f"{PARENT}-more", tracestate="a=1")
        assert told == (None, None)


class TestFailures:
    def facts(self, failure: PluginFailure) -> tuple[Any, ...]:
        return failure.plugin, failure.hook, failure.reason, failure.flight

    def test_an_exception_of_a_plugin_is_told_with_its_call(self, serve, memory):
        class Broken(memory({"a": TABLE})):
            @hookimpl
            def stream_batches(self):
                raise ZeroDivisionError("s3cr3t")

        served = serve(Listener, adapter(Broken))
        with pytest.raises(FlightStreamError) as caught:
            served.client.read("s/a")

        [failure] = listener(served).failures
        assert self.facts(failure) == ("broken", "stream_batches", "raised", "s/a")
        assert failure.call == caught.value.call
        assert isinstance(failure.exception, ZeroDivisionError)
        assert "s3cr3t" not in repr(failure)

    def test_a_breach_of_contract_is_told(self, serve, memory):
        class Broken(memory({"a": TABLE})):
            @hookimpl
            def get_schema(self):
                return "no schema"

        served = serve(Listener, adapter(Broken))
        with pytest.raises(pa.ArrowException):
            served.get(b"s/a")

        [failure] = listener(served).failures
        assert self.facts(failure) == ("broken", "get_schema", "contract", "s/a")
        assert failure.call == listener(served).records[0].call
        assert failure.exception is None

    def test_a_login_that_fails_is_told_and_one_that_is_refused_is_not(self, serve, memory):
        @service
        class Login:
            @hookimpl
            def authenticate(self, credentials):
                if "broken" in credentials.headers:
                    raise RuntimeError("s3cr3t")

        served = serve(Listener, Login, memory({"a": TABLE}))
        with pytest.raises(flight.FlightUnauthenticatedError):
            served.get(b"s/a", broken="1")
        with pytest.raises(flight.FlightUnauthenticatedError):
            served.get(b"s/a")

        assert [self.facts(one) for one in listener(served).failures] == [
            ("login", "authenticate", "raised", None)
        ]

    def test_an_observer_that_fails_is_asked_again_and_its_own_failure_is_told_to_nobody(
        self, serve, memory
    ):
        options = {"listener": {"fails": True}}
        with capture_logs() as logs:
            served = serve(Listener, memory({"a": TABLE}), options=options)
            for _ in range(2):
                with pytest.raises(flight.FlightInternalError):
                    list(served.raw.do_action(flight.Action("fail", b"")))

        assert [one.hook for one in listener(served).failures] == ["list_actions"] * 2
        assert [r.code for r in listener(served).records] == ["plugin_error"] * 2
        assert [one["event"] for one in logs].count("observer_failed") == 2

    def test_what_a_plugin_means_to_say_is_no_failure(self, serve, memory):
        class Gone(memory({"a": TABLE})):
            @hookimpl
            def stream_batches(self):
                raise Unavailable("come back later")

        served = serve(Listener, adapter(Gone))
        with pytest.raises(flight.FlightUnavailableError):
            served.get(b"s/a")

        assert listener(served).failures == []


class TestStatus:
    def test_it_is_told_from_the_start_to_the_end(self, serve, memory):
        served = serve(Listener, memory({"a": TABLE}), listing_ttl_seconds=3600)
        told = listener(served)
        assert (told.at_startup.ready, told.server.status().ready) == (False, True)
        [source] = told.server.status().sources
        assert (source.name, source.flights, source.listed_seconds_ago) == ("s", 0, None)

        served.client.flights()
        [source] = told.server.status().sources
        assert (source.flights, source.failed, source.is_due) == (1, False, False)
        assert source.listed_seconds_ago >= 0
        assert source.listing_seconds >= 0
        assert source.listing_since_seconds is None

        served.server.stop()
        stopped = told.server.status()
        assert (stopped.ready, stopped.draining, stopped.active_calls) == (False, True, 0)

    def test_a_source_is_listed_on_demand_and_the_status_waits_for_nothing(self, serve, until):
        @adapter
        class Slow:
            source: Source
            listing: Any = field(factory=threading.Event, init=False)
            proceed: Any = field(factory=threading.Event, init=False)

            @hookimpl
            def list_flights(self):
                self.listing.set()
                self.proceed.wait()
                yield Flight("a", version="1")

            @hookimpl
            def get_schema(self):
                return TABLE.schema

            @hookimpl
            def stream_batches(self):
                return TABLE.to_batches()

        served = serve(Listener, Slow)
        server = listener(served).server
        slow = served.server.service.setup.registry.mounts[0].plugin.instance
        refreshing = threading.Thread(target=server.refresh, args=("s",))
        refreshing.start()
        slow.listing.wait()

        assert server.status().sources[0].listing_since_seconds >= 0
        slow.proceed.set()
        refreshing.join()
        assert server.status().sources[0].flights == 1
        server.refresh("no such source")

    def test_calls_and_streams_under_way_are_counted(self, serve, memory, until):
        served = serve(Listener, memory({"a": TABLE}))
        server = listener(served).server
        scan = served.server.service.scan(Credentials(), b"s/a", lambda: False)

        assert counts(server.status()) == (1, 1)
        batches = iter(scan)
        next(batches)
        batches.close()
        assert counts(server.status()) == (0, 0)

    def test_a_server_that_does_not_run_has_a_status_too(self):
        info = ServerInfo(host="localhost", port=0, version="0", sources=("s",))

        info.refresh("s")
        assert info.status() == ServerStatus()


def counts(status: ServerStatus) -> tuple[int, int]:
    return status.active_calls, status.active_scans
