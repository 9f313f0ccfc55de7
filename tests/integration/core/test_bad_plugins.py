"""A plugin that fails is told by name; nothing that it says or is reaches the wire."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight
from structlog.testing import capture_logs

import flightstream
from flightstream import (
    Action,
    ConfigError,
    FlightStreamError,
    PluginError,
    Unauthenticated,
    adapter,
    hookimpl,
    service,
)

TABLE = pa.table({"x": [1, 2, 3]})
SECRET = "s3cr3t of /srv/lake/orders.lake"
REPOSITORY = str(Path(flightstream.__file__).parents[1])


def explode(*_args: Any, **_kwargs: Any) -> Any:
    raise RuntimeError(SECRET)


def everything(error: BaseException) -> str:
    """Return all that arrived with an error."""
    texts = []
    seen: BaseException | None = error
    while seen is not None:
        texts += [str(seen), repr(seen), repr(getattr(seen, "extra_info", b""))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(texts)


def assert_tells_nothing(error: BaseException, *allowed: str) -> None:
    text = everything(error)
    told = {"s3cr3t", "/srv", "RuntimeError", "Traceback", REPOSITORY, '.py"'} - set(allowed)
    assert [one for one in told if one in text] == []


def calls(served: Any) -> dict[str, Any]:
    """Return a call of each RPC that touches the flight."""
    descriptor = flight.FlightDescriptor.for_path("s", "a")
    return {
        "ListFlights": lambda: list(served.raw.list_flights()),
        "GetFlightInfo": lambda: served.info(("s", "a")),
        "GetSchema": lambda: served.raw.get_schema(descriptor),
        "DoGet": lambda: served.get(b"s/a"),
        "DoPut": lambda: served.raw.do_put(descriptor, TABLE.schema)[0].close(),
        "DoAction": lambda: list(served.raw.do_action("health")),
        "ListActions": lambda: list(served.raw.list_actions()),
    }


def outcome(call: Any) -> str:
    """Make a call; return the code of its error, having seen that it tells nothing."""
    try:
        call()
    except pa.ArrowException as exc:
        details = getattr(exc, "extra_info", b"")
        if not details:  # GetSchema: Arrow adds a traceback, in which there are no files
            assert_tells_nothing(exc, "Traceback")
            return "untyped"
        assert_tells_nothing(exc)
        return str(json.loads(details)["code"])
    return "ok"


ANSWERED = dict.fromkeys(
    ["ListFlights", "GetFlightInfo", "GetSchema", "DoGet", "DoAction", "ListActions"], "ok"
)
UNLISTED = dict.fromkeys(["GetFlightInfo", "DoGet", "DoPut"], "unavailable")
HOOKS = {
    "list_flights": ANSWERED | UNLISTED | {"GetSchema": "untyped"},
    "get_schema": ANSWERED
    | {"GetFlightInfo": "plugin_error", "GetSchema": "untyped", "DoGet": "plugin_error"}
    | {"DoPut": "unsupported"},
    "stream_batches": ANSWERED | {"DoGet": "plugin_error", "DoPut": "unsupported"},
    "write_batches": ANSWERED | {"DoPut": "plugin_error"},
}


def failing(memory: Any, hook: str, behave: Any) -> type[Any]:
    """Declare an adapter in which one hook does something else."""
    base = memory({"a": TABLE}, batch_rows=1)

    def method(self: Any) -> Any:
        return behave()

    method.__name__ = hook
    return adapter(type("BadAdapter", (base,), {hook: hookimpl(method)}))


@pytest.mark.parametrize(
    "answer", [explode, lambda: None, lambda: "s3cr3t"], ids=["raises", "none", "text"]
)
@pytest.mark.parametrize("hook", HOOKS)
def test_an_adapters_hook_that_fails_fails_its_calls_alone(serve, memory, hook, answer):
    served = serve(failing(memory, hook, answer))

    with capture_logs() as logs:
        outcomes = {name: outcome(call) for name, call in calls(served).items()}

    assert outcomes == HOOKS[hook]
    complaints = [
        {key: log[key] for key in ("plugin", "version", "hook", "log_level")}
        for log in logs
        if log["event"] in ("plugin_failed", "plugin_broke_contract")
    ]
    assert complaints
    assert complaints[0] == {
        "plugin": "bad",
        "version": "unversioned",
        "hook": hook,
        "log_level": "error",
    }


def other_schema() -> Any:
    yield pa.record_batch({"y": [1]})


def more_columns() -> Any:
    yield pa.record_batch({"x": [1], "y": [2]})


def other_type() -> Any:
    yield pa.record_batch({"x": ["text"]})


def tables() -> Any:
    yield TABLE


def none_between() -> Any:
    yield pa.record_batch({"x": [1]})
    yield None
    yield pa.record_batch({"x": [1]})


def fails_later() -> Any:
    yield pa.record_batch({"x": [1]})
    explode()


def leaves_the_program() -> Any:
    yield pa.record_batch({"x": [1]})
    raise SystemExit(SECRET)


def is_cancelled() -> Any:
    yield pa.record_batch({"x": [1]})
    raise asyncio.CancelledError(SECRET)


def closes_itself() -> Any:
    yield pa.record_batch({"x": [1]})
    raise GeneratorExit(SECRET)


def interrupts() -> Any:
    yield pa.record_batch({"x": [1]})
    raise KeyboardInterrupt(SECRET)


BROKEN = "the plugin 'bad' broke the contract of stream_batches: "
FAILED = "the plugin 'bad' failed in stream_batches"


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (other_schema, BROKEN + "a batch has another schema than was announced"),
        (more_columns, BROKEN + "a batch has another schema than was announced"),
        (other_type, BROKEN + "a batch has another schema than was announced"),
        (tables, BROKEN + "it yielded Table, not RecordBatch"),
        (none_between, BROKEN + "it yielded NoneType, not RecordBatch"),
        (fails_later, FAILED),
        (leaves_the_program, FAILED),
        (is_cancelled, FAILED),
        (closes_itself, FAILED),
    ],
)
def test_a_stream_that_breaks_the_contract_ends_with_an_error(serve, memory, stream, message):
    served = serve(failing(memory, "stream_batches", stream))

    with pytest.raises(flight.FlightInternalError) as caught:
        served.get(b"s/a")
    document = json.loads(caught.value.extra_info)
    assert_tells_nothing(caught.value)
    assert document == {
        "code": "plugin_error",
        "message": message,
        "flight": "s/a",
        "call": document["call"],
        "plugin": "bad",
    }
    for read in (served.client.read, lambda name: served.client.stream(name).read_all()):
        with pytest.raises(PluginError) as typed:
            read("s/a")
        assert (typed.value.message, typed.value.plugin) == (message, "bad")
        assert_tells_nothing(typed.value)


def test_not_even_an_interrupt_tells_anything(serve, memory):
    served = serve(failing(memory, "stream_batches", interrupts))

    assert outcome(lambda: served.get(b"s/a")) == "internal"


@pytest.mark.parametrize("hook", ["list_flights", "get_schema"])
def test_not_even_an_interrupt_in_a_listing_tells_anything(serve, memory, hook):
    def interrupt() -> Any:
        raise KeyboardInterrupt(SECRET)

    served = serve(failing(memory, hook, interrupt))

    assert outcome(lambda: served.info(("s", "a"))) == "internal"
    assert outcome(lambda: served.raw.get_schema(flight.FlightDescriptor.for_path("s", "a"))) == (
        "untyped"
    )


def test_an_error_of_ours_is_the_plugins_word_whatever_it_holds(serve, memory):
    def refuse() -> Any:
        raise flightstream.InvalidData(ValueError("no number"), row=3, column="x", value=b"\xff\n")

    served = serve(failing(memory, "stream_batches", refuse))

    with pytest.raises(flightstream.InvalidData) as caught:
        served.client.read("s/a")
    assert (caught.value.message, caught.value.details()) == (
        "no number",
        {
            "flight": "s/a",
            "call": caught.value.call,
            "row": 3,
            "column": "x",
            "value": "b'\\xff\\n'",
        },
    )


def test_a_plugin_that_hangs_on_close_keeps_that_call_alone(serve, memory, until):
    closing, go_on = threading.Event(), threading.Event()

    def hangs() -> Any:
        try:
            for number in range(1_000_000):
                yield pa.record_batch({"x": [number]})
        finally:
            closing.set()
            go_on.wait(60)

    served = serve(failing(memory, "stream_batches", hangs))
    try:
        reader = served.client.stream("s/a")
        reader.read_next_batch()
        del reader
        assert closing.wait(20)

        assert served.client.schema("s/a") == TABLE.schema
        assert served.server.service.calls.active == 1
    finally:
        go_on.set()
    until(lambda: served.server.service.calls.active == 0)


def test_the_log_has_what_the_client_is_not_told_under_the_same_call(serve, memory):
    served = serve(failing(memory, "stream_batches", fails_later))

    with capture_logs() as logs, pytest.raises(PluginError) as caught:
        served.client.read("s/a")

    [failed] = [log for log in logs if log["event"] == "plugin_failed"]
    assert str(failed["exc_info"]) == SECRET
    finished = [log for log in logs if log["event"] == "call_finished"][-1]
    assert (finished["call"], finished["code"]) == (caught.value.call, "plugin_error")


class TestServices:
    """Hooks of services that fail."""

    @pytest.fixture
    def with_hook(self, serve, memory):
        def start(hook: str, behave: Any) -> Any:
            def method(self: Any) -> Any:
                return behave()

            method.__name__ = hook
            bad = service(type("Bad", (), {hook: hookimpl(method)}))
            return serve(bad, memory({"a": TABLE}))

        return start

    @pytest.mark.parametrize("answer", [explode, lambda: "ann"], ids=["raises", "text"])
    def test_an_authenticator_that_fails_lets_nobody_in(self, with_hook, answer):
        served = with_hook("authenticate", answer)

        outcomes = {name: outcome(call) for name, call in calls(served).items()}

        assert outcomes.pop("GetSchema") == "untyped"
        assert set(outcomes.values()) == {"unauthenticated"}
        with pytest.raises(Unauthenticated, match=r"^the credentials could not be checked$"):
            served.client.flights()

    @pytest.mark.parametrize("answer", [explode, lambda: True], ids=["raises", "text"])
    def test_a_policy_that_fails_shows_nothing(self, with_hook, answer):
        served = with_hook("authorize", answer)

        outcomes = {name: outcome(call) for name, call in calls(served).items()}

        assert outcomes == {
            "ListFlights": "plugin_error",
            "GetFlightInfo": "plugin_error",
            "GetSchema": "untyped",
            "DoGet": "plugin_error",
            "DoPut": "plugin_error",
            "DoAction": "plugin_error",
            "ListActions": "ok",
        }

    @pytest.mark.parametrize(
        "answer",
        [explode, lambda: "text", lambda: explode, lambda: lambda request, read: None],
        ids=["raises", "text", "raises later", "wraps nothing"],
    )
    def test_a_wrapper_that_fails_fails_the_stream(self, with_hook, answer):
        served = with_hook("wrap_stream", answer)

        with pytest.raises(PluginError) as caught:
            served.client.read("s/a")
        assert caught.value.plugin == "bad"
        assert_tells_nothing(caught.value)

    def test_an_observer_that_fails_changes_nothing(self, with_hook):
        served = with_hook("on_call_finished", explode)

        with capture_logs() as logs:
            assert served.client.read("s/a") == TABLE

        assert {"event": "observer_failed", "plugin": "bad"}.items() <= next(
            log for log in logs if log["event"] == "observer_failed"
        ).items()

    @pytest.mark.parametrize("result", [explode, lambda *_: "text", lambda *_: None])
    def test_an_action_that_fails_is_an_error(self, with_hook, result):
        served = with_hook("list_actions", lambda: [Action("go", "goes", result)])

        with pytest.raises(PluginError) as caught:
            served.client.action("go")
        assert_tells_nothing(caught.value)

    @pytest.mark.parametrize("hook", ["on_startup", "list_actions"])
    def test_a_plugin_that_cannot_start_stops_the_start(self, with_hook, hook):
        with pytest.raises(FlightStreamError) as caught:
            with_hook(hook, explode)

        assert caught.value.message == f"the plugin 'bad' failed in {hook}"

    @pytest.mark.parametrize(
        ("actions", "message"),
        [
            (
                ["health"],
                "the action 'health' is offered by the core and by the plugin 'bad': disable one"
                " of them",
            ),
            (
                ["go", "go"],
                "the action 'go' is offered by the plugin 'bad' and by the plugin 'bad': disable"
                " one of them",
            ),
        ],
    )
    def test_an_action_of_a_name_that_is_taken_stops_the_start(self, with_hook, actions, message):
        with pytest.raises(ConfigError) as caught:
            with_hook("list_actions", lambda: [Action(name, "x", explode) for name in actions])

        assert caught.value.message == message
