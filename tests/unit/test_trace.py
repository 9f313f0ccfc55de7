"""``FLIGHTSTREAM_TRACE_HOOKS=1``: what the log tells of each call of a hook."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from structlog.testing import capture_logs

from flightstream import (
    Credentials,
    Filter,
    Flight,
    FlightStreamError,
    Identity,
    LimitExceeded,
    ScanRequest,
    Secret,
    StartedCall,
    Storage,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.registry import Mount, Plugin, Services

TABLE = pa.table({"x": [1, 2, 3]})


@pytest.fixture
def tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIGHTSTREAM_TRACE_HOOKS", "1")


def told(call: Callable[[], Any]) -> list[dict[str, Any]]:
    """Return what a call logs, without what is different each time."""
    with capture_logs() as logs:
        call()
    for line in logs:
        assert line.pop("duration_seconds") >= 0
        assert line.pop("log_level") == "info"
    return [dict(line) for line in logs]


def asked(one: Any, call: Callable[[Services], Any]) -> list[dict[str, Any]]:
    """Return what is logged when a service is asked."""
    return told(lambda: call(Services.of([Plugin("auth", "1.0", one)])))


@service
class Slow:
    name: str = option(help="for the test")

    @hookimpl(wrapper=True)
    def get_schema(self):
        return (yield)

    @hookimpl
    def wrap_stream(self, flight):
        return lambda request, read: read(request)


@pytest.mark.usefixtures("tracing")
def test_a_call_is_logged_with_its_plugin_hook_and_arguments(mount, memory):
    mounted: Mount = mount(memory({"a": TABLE}))

    assert told(lambda: mounted.get_schema(Flight("a", origin="s3cr3t"))) == [
        {
            "event": "hook_called",
            "plugin": "memory",
            "hook": "get_schema",
            "arguments": {"flight": "a"},
        }
    ]


@pytest.mark.usefixtures("tracing")
def test_what_is_iterated_is_logged_when_it_ends(mount, memory):
    mounted: Mount = mount(memory({"a": TABLE, "b": TABLE}))

    assert told(mounted.list_flights) == [
        {"event": "hook_called", "plugin": "memory", "hook": "list_flights", "arguments": {}},
        {"event": "hook_stream_ended", "plugin": "memory", "hook": "list_flights", "items": 2},
    ]


@pytest.mark.usefixtures("tracing")
def test_streams_are_logged_with_batches_and_rows_the_wrapper_last(mount, memory):
    mounted: Mount = mount(memory({"a": TABLE}), services=[Slow(name="slow")])
    rows = Filter.bind("x > 1", TABLE.schema)
    request = ScanRequest(columns=("x",), filter=rows, limit=5)

    lines = told(lambda: list(mounted.stream_batches(Flight("a"), request)))

    shown = {"columns": ["x"], "filter": str(rows), "limit": 5, "offset": 0}
    assert [(line["event"], line["plugin"], line["hook"]) for line in lines] == [
        ("hook_called", "slow", "wrap_stream"),
        ("hook_called", "memory", "stream_batches"),
        ("hook_stream_ended", "memory", "stream_batches"),
        ("hook_stream_ended", "slow", "wrap_stream"),
    ]
    assert lines[1]["arguments"] == {"flight": "a", "request": shown}
    assert [(line["batches"], line["rows"]) for line in lines[2:]] == [(2, 3), (2, 3)]


@pytest.mark.usefixtures("tracing")
def test_a_stream_that_is_closed_early_is_logged_with_what_was_read(mount, memory):
    mounted: Mount = mount(memory({"a": TABLE}))

    def read_one() -> None:
        stream = mounted.stream_batches(Flight("a"), ScanRequest())
        next(stream)
        stream.close()

    assert told(read_one)[1:] == [
        {
            "event": "hook_stream_ended",
            "plugin": "memory",
            "hook": "stream_batches",
            "batches": 1,
            "rows": 2,
        }
    ]


@pytest.mark.usefixtures("tracing")
def test_a_wrapper_is_logged_after_what_it_wraps(mount, memory):
    mounted: Mount = mount(memory({"a": TABLE}), services=[Slow(name="slow")])

    lines = told(lambda: mounted.get_schema(Flight("a")))

    assert [(line["plugin"], line.get("wraps")) for line in lines] == [
        ("memory", None),
        ("slow", True),
    ]


@pytest.mark.usefixtures("tracing")
def test_a_failure_is_logged_by_its_type_alone(mount, memory):
    @adapter
    class Broken(memory({})):
        @hookimpl
        def get_schema(self, flight):
            raise ValueError("s3cr3t")

        @hookimpl
        def stream_batches(self):
            yield TABLE.to_batches()[0]
            raise ValueError("s3cr3t")

    mounted: Mount = mount(Broken)
    with capture_logs() as logs:
        for call in (mounted.get_schema, lambda f: list(mounted.stream_batches(f, ScanRequest()))):
            with pytest.raises(FlightStreamError):
                call(Flight("a"))

    lines = [log for log in logs if log["event"].startswith("hook_")]
    assert [(line["event"], line.get("error")) for line in lines] == [
        ("hook_called", "ValueError"),
        ("hook_called", None),
        ("hook_stream_ended", "ValueError"),
    ]
    assert "s3cr3t" not in repr(lines)


@pytest.mark.usefixtures("tracing")
def test_credentials_and_claims_are_hidden():
    @service
    class Auth:
        @hookimpl
        def authenticate(self, credentials):
            return Identity("ada", claims={"token": "s3cr3t"})

        @hookimpl
        def authorize(self, identity, path, operation): ...

    credentials = Credentials({"authorization": ("Bearer s3cr3t",)}, peer="ipv4:1")

    def ask(services: Services) -> None:
        services.authorize(services.authenticate(credentials), ("s", "a"), "read")

    assert [line["arguments"] for line in asked(Auth(), ask)] == [
        {
            "credentials": {
                "peer": "ipv4:1",
                "transport": "flight",
                "headers": {"authorization": "***"},
            }
        },
        {"identity": "ada", "path": ["s", "a"], "operation": "read"},
    ]


@pytest.mark.usefixtures("tracing")
def test_secrets_of_a_storage_are_hidden():
    @service
    class Store:
        @hookimpl
        def open_storage(self, uri, options):
            return Storage(pafs.LocalFileSystem(), "/")

    options = {
        "key": Secret("s3cr3t"),
        "password": "s3cr3t",
        "region": "north",
        "url": "x://a:s3cr3t@b",
    }

    [line] = asked(
        Store(), lambda services: services.open_storage("lake://me:s3cr3t@host", lambda _: options)
    )

    assert line["arguments"] == {
        "uri": "lake://me:***@host",
        "options": {"key": "***", "password": "***", "region": "north", "url": "x://a:***@b"},
    }


@pytest.mark.parametrize("value", [None, "", "0"])
def test_without_it_pluggy_is_given_the_plugin_itself(mount, memory, monkeypatch, value):
    monkeypatch.delenv("FLIGHTSTREAM_TRACE_HOOKS", raising=False)
    if value is not None:
        monkeypatch.setenv("FLIGHTSTREAM_TRACE_HOOKS", value)
    mounted: Mount = mount(memory({"a": TABLE}))

    assert mounted.manager.get_plugin("memory") is mounted.plugin.instance
    assert told(mounted.list_flights) == []


@pytest.mark.usefixtures("tracing")
def test_a_call_that_asks_to_be_admitted_is_logged_without_claims():
    @service
    class Gate:
        @hookimpl
        def admit_call(self, call):
            raise LimitExceeded("s3cr3t")

    call = StartedCall(
        call="c0ffee", method="DoGet", identity=Identity("ann", claims={"mail": "s3cr3t"}), peer="p"
    )

    def admit(services: Services) -> None:
        with pytest.raises(LimitExceeded):
            services.admit_call(call)

    assert asked(Gate(), admit) == [
        {
            "event": "hook_called",
            "plugin": "auth",
            "hook": "admit_call",
            "error": "LimitExceeded",
            "arguments": {
                "call": {"call": "c0ffee", "method": "DoGet", "identity": "ann", "peer": "p"}
            },
        }
    ]
