"""What a receiver of OTLP gets from a real server."""

import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight

from flightstream import ConfigError, FlightStreamError, Server, hookimpl, service
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
SERVICE = "arrow.flight.protocol.FlightService"
WHERE = {"flightstream.source": "empty", "flightstream.adapter": "faulty"}


@service
class Loaded:
    """Has a line in the log that says whether the SDK was imported."""

    @hookimpl
    def on_call_finished(self, record):
        import structlog

        loaded = sorted(name for name in sys.modules if name.startswith("opentelemetry"))
        structlog.get_logger().info("loaded", modules=loaded)


@pytest.fixture
def sending(serve: Callable[..., Any], receiver: Any) -> Callable[..., Any]:
    """Return a function that starts a server that sends to the receiver."""

    def start(*plugins: Any, faulty: dict[str, Any] | None = None, **options: Any) -> Any:
        otel = {"endpoint": receiver.endpoint, "interval_seconds": 0.1, **options}
        tables = {"enabled": ["otel"], "otel": otel, "faulty": faulty or {}}
        return serve(*plugins, FaultyAdapter, config={"plugins": tables})

    return start


def read(served: Any, ticket: bytes, **headers: str) -> pa.Table:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    with closing(flight.connect(served.uri)) as client:
        options = flight.FlightCallOptions(headers=sent)
        return client.do_get(flight.Ticket(ticket), options).read_all()


def test_a_call_is_a_span_below_that_of_its_client_with_one_for_each_phase(
    sending, receiver, attributes_of
):
    served = sending(faulty={"batches": 4, "batch_rows": 8})
    before = time.time_ns()
    read(
        served,
        b'{"flight": "numbers", "filter": "n >= 4"}',
        traceparent=f"00-{TRACE}-{PARENT}-01",
        tracestate="vendor=1",
    )

    receiver.until(lambda: len(receiver.spans()) == 8)
    [call] = [one for one in receiver.spans() if one.name == f"{SERVICE}/DoGet"]
    assert (call.trace_id.hex(), call.parent_span_id.hex()) == (TRACE, PARENT)
    assert (call.trace_state, call.kind, call.status.code) == ("vendor=1", 2, 0)
    told = attributes_of(call)
    [line] = [one for one in served.server.log_lines() if one["event"] == "call_finished"]
    assert told == {
        "rpc.system.name": "grpc",
        "rpc.method": f"{SERVICE}/DoGet",
        "flightstream.call": line["call"],
        "flightstream.code": "ok",
        "flightstream.flight": "empty/numbers",
        "flightstream.rows": 28,
        "flightstream.bytes": line["bytes"],
        "flightstream.batches": 4,
        "flightstream.rows_read": 32,
        "flightstream.residual": ["filter"],
        **WHERE,
    }
    phases = [one for one in receiver.spans() if one is not call and one.name != call.name]
    assert [one.name for one in phases] == [
        "authenticate", "admit", "find", "plan", "queue", "first_batch", "stream",
    ]  # fmt: skip
    assert {one.parent_span_id for one in phases} == {call.span_id}
    assert {one.trace_id for one in phases} == {call.trace_id}
    times = [call.start_time_unix_nano]
    for one in phases:
        assert one.start_time_unix_nano >= times[-1] - 1000  # what a float keeps of 1970
        times += [one.start_time_unix_nano, one.end_time_unix_nano]
    assert times[-1] <= call.end_time_unix_nano + 1000
    assert abs(call.start_time_unix_nano - before) < 60e9


def test_a_call_without_a_trace_begins_one(sending, receiver):
    served = sending()
    read(served, b"numbers", traceparent="00-nonsense", tracestate="a=1")

    receiver.until(lambda: len(receiver.spans()) == 8)
    [root] = [one for one in receiver.spans() if not one.parent_span_id]
    assert (root.name, root.trace_state) == (f"{SERVICE}/DoGet", "")


def test_what_a_client_does_not_want_recorded_is_not(sending, receiver):
    served = sending()
    read(served, b"numbers", traceparent=f"00-{TRACE}-{PARENT}-00")
    read(served, b"numbers", traceparent=f"00-{'1' * 32}-{PARENT}-01")

    receiver.until(lambda: len(receiver.spans()) == 8)
    assert {one.trace_id.hex() for one in receiver.spans()} == {"1" * 32}


def test_a_ratio_of_nothing_leaves_only_what_clients_want_recorded(sending, receiver):
    served = sending(sample_ratio=0.0)
    read(served, b"numbers")
    read(served, b"numbers", traceparent=f"00-{TRACE}-{PARENT}-01")

    receiver.until(lambda: len(receiver.spans()) == 8)
    assert {one.trace_id.hex() for one in receiver.spans()} == {TRACE}


def test_a_fault_of_the_server_is_an_error_and_one_of_the_client_is_not(
    sending, receiver, attributes_of
):
    served = sending(faulty={"fault": "crash"})
    for ticket in (b"numbers", b"no-such-name"):
        with pytest.raises(pa.ArrowException):
            read(served, ticket)

    receiver.until(lambda: sum(one.kind == 2 for one in receiver.spans()) == 2)
    calls = {attributes_of(one)["error.type"]: one for one in receiver.spans() if one.kind == 2}
    assert {code: one.status.code for code, one in calls.items()} == {
        "plugin_error": 2,
        "not_found": 0,
    }
    assert "no-such-name" not in str(receiver.spans())
    assert "asked for" not in str(receiver.spans())  # what the plugin raised

    failures = receiver.until(lambda: receiver.metrics().get("flightstream.plugin.failures"))
    assert [(attributes_of(one), one.as_int) for one in failures] == [
        (
            {
                "flightstream.plugin": "faulty",
                "flightstream.hook": "stream_batches",
                "error.type": "raised",
            },
            1,
        )
    ]


def test_metrics_are_what_clients_had(sending, receiver, attributes_of):
    served = sending(faulty={"batches": 4, "batch_rows": 8}, service_name="nyc")
    tables = [read(served, b'{"flight": "numbers", "columns": ["n"]}') for _ in range(3)]

    rows = sum(table.num_rows for table in tables)

    def total(name: str) -> int:
        return sum(one.as_int for one in receiver.metrics().get(name, ()))

    receiver.until(lambda: total("flightstream.sent.rows") == rows)
    assert total("flightstream.sent.bytes") == sum(table.nbytes for table in tables)
    assert total("flightstream.read.rows") == rows
    assert total("flightstream.source.flights") == 1
    assert total("flightstream.source.listing.failed") == 0
    [duration] = receiver.metrics()["rpc.server.call.duration"]
    assert attributes_of(duration) == {
        "rpc.system.name": "grpc",
        "rpc.method": f"{SERVICE}/DoGet",
        **WHERE,
    }
    assert duration.count == 3
    assert list(duration.explicit_bounds)[:3] == [0.001, 0.005, 0.025]
    resource = attributes_of(receiver.of("/v1/metrics")[-1].resource_metrics[0].resource)
    assert (resource["service.name"], resource["service.version"]) == ("nyc", "0.1.0")


def test_headers_go_along_and_no_log_has_them(sending, receiver):
    served = sending(headers={"api-key": "s3cr3t"})
    served.client.flights()

    receiver.until(receiver.spans)
    assert {headers["api-key"] for _path, headers, _message in receiver.requests} == {"s3cr3t"}
    assert "s3cr3t" not in served.server.log_text()


def test_what_is_left_is_sent_at_the_end(sending, receiver):
    served = sending(interval_seconds=3600)
    served.client.flights()
    assert receiver.requests == []

    served.server.process.terminate()
    served.server.process.wait(20)

    assert [one.name for one in receiver.spans()][-1] == f"{SERVICE}/ListFlights"
    assert "rpc.server.call.duration" in receiver.metrics()


@pytest.mark.parametrize("answers", [False, True], ids=["refuses", "is silent"])
def test_a_receiver_that_is_gone_holds_nobody_up(serve, answers):
    with closing(socket.create_server(("localhost", 0))) as silent:
        endpoint = f"http://localhost:{silent.getsockname()[1]}"
        if not answers:
            silent.close()
        otel = {"endpoint": endpoint, "interval_seconds": 0.1}
        served = serve(FaultyAdapter, config={"plugins": {"enabled": ["otel"], "otel": otel}})
        for _ in range(20):
            assert served.client.read("numbers").num_rows == 32

        served.server.process.terminate()
        assert served.server.process.wait(8) == 0


def test_without_an_endpoint_the_sdk_is_not_imported(serve):
    plugins = {"enabled": ["otel"]}
    served = serve(Loaded, FaultyAdapter, config={"plugins": plugins})
    served.client.flights()

    assert served.server.wait_for("loaded")["modules"] == []


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("localhost:4318", "this is no URL like http://localhost:4318"),
        ("ftp://localhost", "this is no URL like http://localhost:4318"),
        ("http://localhost:port", "this is no URL like http://localhost:4318"),
        ("http://ada:s3cr3t@localhost", "credentials do not belong into a URL: use headers"),
    ],
)
def test_an_endpoint_that_is_none_stops_the_start(tmp_path, endpoint, why):
    with pytest.raises(ConfigError, match=why) as caught:
        Server(
            sources={"s": str(tmp_path)}, options={"otel": {"endpoint": endpoint}}, port=0
        ).start()

    assert "s3cr3t" not in str(caught.value)


def test_a_call_that_fails_to_begin_has_the_phases_that_it_had(sending, receiver):
    served = sending()
    with pytest.raises(FlightStreamError):
        served.client.schema("gone")

    receiver.until(lambda: len(receiver.spans()) == 4)
    assert [one.name for one in receiver.spans()] == [
        "authenticate", "admit", "find", f"{SERVICE}/GetFlightInfo",
    ]  # fmt: skip
