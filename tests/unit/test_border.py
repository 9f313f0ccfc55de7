import asyncio
from typing import Any

import pyarrow as pa
import pytest
from structlog.testing import capture_logs

from flightstream import FlightStreamError, InvalidData, NotFound, PluginError, Unavailable
from flightstream.registry import Plugin
from flightstream.registry.border import guarded_batches
from flightstream.storage import Failures

BATCH = pa.record_batch({"x": [1, 2]})


@pytest.fixture
def plugin() -> Plugin:
    return Plugin("lake", "1.2", object())


def logged(logs: list[Any]) -> list[dict[str, Any]]:
    """Return what was logged, without the exceptions themselves."""
    return [{k: v for k, v in log.items() if k != "exc_info"} for log in logs]


FAILED = {
    "event": "plugin_failed",
    "log_level": "error",
    "plugin": "lake",
    "version": "1.2",
    "hook": "get_schema",
    "flight": "s/a",
}
BROKE = FAILED | {"event": "plugin_broke_contract", "hook": "stream_batches"}


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("s3cr3t"),
        OSError(2, "s3cr3t", "/srv/s3cr3t"),
        StopIteration("s3cr3t"),
        KeyError("s3cr3t"),
        SystemExit("s3cr3t"),
        asyncio.CancelledError("s3cr3t"),
        GeneratorExit("s3cr3t"),
        BaseExceptionGroup("s3cr3t", [asyncio.CancelledError()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_plugin_raises_is_logged_and_its_text_goes_no_further(plugin, error):
    with (
        capture_logs() as logs,
        pytest.raises(PluginError) as caught,
        plugin.border("get_schema", "s/a"),
    ):
        raise error

    assert caught.value.message == "the plugin 'lake' failed in get_schema"
    assert caught.value.details() == {"flight": "s/a", "plugin": "lake"}
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)
    assert logged(logs) == [FAILED]
    assert logs[0]["exc_info"] is error


def test_what_ends_the_program_passes(plugin):
    with (
        capture_logs() as logs,
        pytest.raises(KeyboardInterrupt),
        plugin.border("get_schema"),
    ):
        raise KeyboardInterrupt

    assert logs == []


@pytest.mark.parametrize(
    "error", [NotFound("gone"), InvalidData("bad", row=1), Unavailable("later", flight="other")]
)
def test_an_error_of_ours_is_the_plugins_word_to_the_client(plugin, error):
    flight = error.flight or "s/a"

    with (
        capture_logs() as logs,
        pytest.raises(FlightStreamError) as caught,
        plugin.border("get_schema", "s/a"),
    ):
        raise error

    assert caught.value is error
    assert (error.flight, logs) == (flight, [])


def read(plugin: Plugin, stream: Any) -> list[pa.RecordBatch]:
    return list(guarded_batches(plugin, "stream_batches", "s/a", lambda: stream))


class Batches:
    """An iterable that is no generator, as a library may have."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self):
        yield BATCH

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    "stream",
    [
        [BATCH],
        iter([BATCH]),
        (batch for batch in [BATCH]),
        pa.RecordBatchReader.from_batches(BATCH.schema, [BATCH]),
        Batches(),
    ],
    ids=["list", "iterator", "generator", "reader", "object"],
)
def test_any_iterable_of_batches_is_a_stream(plugin, stream):
    assert read(plugin, stream) == [BATCH]


def test_a_stream_is_closed_when_it_ends(plugin):
    batches = Batches()

    read(plugin, batches)

    assert batches.closed == 1


def test_a_stream_is_closed_when_its_reader_stops(plugin):
    closed = []

    def stream():
        try:
            yield BATCH
            yield BATCH
        finally:
            closed.append(True)

    class Opened:
        def __iter__(self):
            return stream()

    for opened in (stream(), Opened()):
        batches = guarded_batches(plugin, "stream_batches", "s/a", lambda opened=opened: opened)
        next(batches)
        batches.close()

    assert closed == [True, True]


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (None, "it returned NoneType, not batches"),
        (5, "it returned int, not batches"),
        ([5], "it yielded int, not RecordBatch"),
        ([None], "it yielded NoneType, not RecordBatch"),
        ([pa.table({"x": [1]})], "it yielded Table, not RecordBatch"),
        ({"x": [1]}, "it yielded str, not RecordBatch"),
    ],
)
def test_what_is_no_stream_breaks_the_contract(plugin, stream, problem):
    with capture_logs() as logs, pytest.raises(PluginError) as caught:
        read(plugin, stream)

    assert caught.value.message == (
        f"the plugin 'lake' broke the contract of stream_batches: {problem}"
    )
    assert caught.value.details() == {"flight": "s/a", "plugin": "lake"}
    assert logged(logs) == [BROKE | {"problem": problem}]


def test_none_among_batches_does_not_end_the_stream_unnoticed(plugin):
    batches = guarded_batches(plugin, "stream_batches", "s/a", lambda: [BATCH, None, BATCH])
    assert next(batches) == BATCH

    with pytest.raises(PluginError, match="it yielded NoneType, not RecordBatch"):
        next(batches)


def test_a_failure_in_the_middle_comes_after_the_batches_before_it(plugin):
    def stream():
        yield BATCH
        raise ValueError("s3cr3t")

    batches = guarded_batches(plugin, "stream_batches", "s/a", stream)
    assert next(batches) == BATCH

    with capture_logs() as logs, pytest.raises(PluginError) as caught:
        next(batches)

    assert caught.value.message == "the plugin 'lake' failed in stream_batches"
    assert logged(logs) == [FAILED | {"hook": "stream_batches"}]


def raising_on_close():
    try:
        yield BATCH
        yield BATCH
    finally:
        raise ValueError("s3cr3t")


def yielding_on_close():
    try:
        yield BATCH
    finally:
        yield BATCH


@pytest.mark.parametrize("stream", [raising_on_close, yielding_on_close])
def test_a_failure_while_closing_is_only_logged(plugin, stream):
    batches = guarded_batches(plugin, "stream_batches", "s/a", stream)
    next(batches)

    with capture_logs() as logs:
        batches.close()

    assert [log["event"] for log in logs] == ["plugin_failed", "stream_close_failed"]
    assert logged(logs)[1] == {
        "event": "stream_close_failed",
        "log_level": "warning",
        "plugin": "lake",
        "flight": "s/a",
        "error": "the plugin 'lake' failed in stream_batches",
    }


def explain(exc: OSError) -> FlightStreamError | None:
    return Unavailable("the store does not answer") if "curl" in str(exc) else None


STORED = Plugin("lake", "1.2", object(), failures=Failures(explain))


def damaged(exc: OSError) -> None:
    try:
        raise exc
    except OSError:
        raise InvalidData("the file is damaged") from None


def failed(exc: OSError) -> None:
    raise exc


def unavailable(exc: OSError) -> None:
    raise Unavailable("the file cannot be read now") from exc


@pytest.mark.parametrize("fail", [damaged, failed, unavailable])
def test_failure_of_the_storage_is_told_whatever_the_adapter_made_of_it(fail):
    with (
        capture_logs() as logs,
        pytest.raises(Unavailable, match="the store does not answer") as caught,
        STORED.border("stream_batches", "s/a"),
    ):
        fail(OSError("curl: key s3cr3t"))

    assert caught.value.flight == "s/a"
    assert [(log["event"], log["error"]) for log in logs] == [
        ("storage_failed", "the store does not answer")
    ]
    assert "s3cr3t" not in str(logs)


@pytest.mark.parametrize(("fail", "kind"), [(damaged, InvalidData), (failed, PluginError)])
def test_other_failure_of_an_adapter_is_not_the_storages(fail, kind):
    with capture_logs(), pytest.raises(kind), STORED.border("stream_batches", "s/a"):
        fail(OSError("not a zip file"))


def test_what_an_adapter_says_of_the_store_itself_stays():
    with pytest.raises(NotFound), STORED.border("stream_batches", "s/a"):
        raise NotFound("gone") from OSError("curl")
