"""A call that fails holds on to nothing, whether or not Python looks for garbage."""

import gc
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import flight

from flightstream import Flight, InvalidData, Source, adapter, hookimpl
from flightstream.testing import FaultyAdapter

ROWS = 100_000


@pytest.fixture
def without_gc() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("fault", ["crash", "invalid_data", "other_schema", "huge_batch"])
@pytest.mark.usefixtures("without_gc")
def test_a_stream_that_fails_holds_on_to_no_batch(
    serve: Callable, until: Callable, fault: str
) -> None:
    options = {"fault": fault, "batch_rows": ROWS, "huge_bytes": 110 * 2**20}
    served = serve(FaultyAdapter, options={"faulty": options})
    before = pa.total_allocated_bytes()

    with pytest.raises(flight.FlightError):
        served.get(b"numbers")

    until(lambda: pa.total_allocated_bytes() < before + ROWS)  # less than any column


@pytest.mark.usefixtures("without_gc")
def test_a_stream_that_was_ended_idle_holds_on_to_no_batch(
    serve: Callable, until: Callable
) -> None:
    options = {"batch_rows": ROWS, "batches": 40}
    limits = {"idle_timeout_seconds": 0.2}
    served = serve(FaultyAdapter, options={"faulty": options}, limits=limits)
    before = pa.total_allocated_bytes()
    reader = served.raw.do_get(flight.Ticket(b"numbers"))
    reader.read_chunk()
    until(lambda: served.server.service.calls.active == 0)

    with pytest.raises(flight.FlightUnavailableError):
        deque(reader, maxlen=0)
    del reader

    until(lambda: pa.total_allocated_bytes() < before + ROWS)  # less than any column


@adapter
class ClingingAdapter:
    """Holds a buffer where it fails."""

    source: Source

    @hookimpl
    def list_flights(self) -> list[Flight]:
        return [Flight("any")]

    @hookimpl
    def get_schema(self) -> pa.Schema:
        held = pa.allocate_buffer(ROWS)
        raise InvalidData(f"{held.size} bytes make no schema")

    @hookimpl
    def stream_batches(self) -> Iterator[pa.RecordBatch]:
        return iter(())


@pytest.mark.usefixtures("without_gc")
def test_a_hook_that_fails_holds_on_to_nothing(serve: Callable, until: Callable) -> None:
    served = serve(ClingingAdapter)
    before = pa.total_allocated_bytes()

    with pytest.raises(flight.FlightError):
        served.get(b"any")

    until(lambda: pa.total_allocated_bytes() < before + ROWS)  # less than any column


@pytest.mark.usefixtures("without_gc")
def test_a_call_that_fails_leaves_no_garbage(
    serve: Callable, until: Callable, folder: Path
) -> None:
    at_once = {"uri": str(folder), "options": {"faulty": {"after_batches": 0}}}
    served = serve(
        FaultyAdapter,
        options={"faulty": {"fault": "crash"}},
        sources={"s": folder, "at-first": at_once},
    )
    calls = [
        lambda: served.get(b"s/numbers"),
        lambda: served.get(b"at-first/numbers"),
        lambda: served.get(b"nothing"),
        lambda: served.info(b"nothing"),
        lambda: served.raw.get_schema(flight.FlightDescriptor.for_path("nothing")),
        lambda: served.names(b"{"),
        lambda: list(served.raw.do_action(flight.Action("nothing", b""))),
    ]
    gc.collect()

    for call in calls:
        with pytest.raises(pa.ArrowException):
            call()
    until(lambda: served.server.service.calls.active == 0)

    assert frames_of_ours() == []


def frames_of_ours() -> list[str]:
    """Return the functions of ours whose frames nobody can reach, and nobody has freed."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        frames = [one for one in gc.garbage if type(one).__name__ == "frame"]
        found = [frame.f_code for frame in frames]
        return [code.co_qualname for code in found if "flightstream/" in code.co_filename]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
