"""Scans while the store itself ends, is started again and stands still."""

import os
import signal
from collections.abc import Callable, Iterator
from threading import Timer
from typing import Any

import pyarrow as pa
import pytest
from flightstream_azure import AzureStorage

from flightstream import Flight, FlightStreamError, ScanRequest, Source, adapter, hookimpl

pytest_plugins = ["flightstream.testing"]

BLOCK = 1024 * 1024
CONTENT = os.urandom(16 * BLOCK)
FAST = {"retries": 0, "request_timeout_seconds": 1.0}


@adapter
class BlocksAdapter:
    """Serves any file as rows of a block each."""

    source: Source

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        for file in self.source.files("**"):
            yield Flight(file.name, origin=file, version=file.version)

    @hookimpl
    def get_schema(self) -> pa.Schema:
        return pa.schema({"block": pa.binary()})

    @hookimpl
    def stream_batches(self, flight: Flight) -> Iterator[pa.RecordBatch]:
        with flight.origin.open() as file:
            while block := file.read(BLOCK):
                flight.origin.check_unchanged()
                yield pa.record_batch({"block": pa.array([block], pa.binary())})


class Scan:
    """A scan of one blob that goes on when asked."""

    def __init__(self, registry: Any) -> None:
        mount = registry.mounts[0]
        [flight] = mount.list_flights()
        self._batches = mount.stream_batches(flight, ScanRequest())

    def block(self) -> bytes:
        [block] = next(self._batches)["block"].to_pylist()
        return block

    def rest(self) -> bytes:
        return b"".join(batch["block"][0].as_py() for batch in self._batches)

    def fails(self) -> str:
        with pytest.raises(FlightStreamError) as caught:
            self.rest()
        return caught.value.code


@pytest.fixture
def scan(start: Callable[..., Any], container: Any) -> Callable[..., Scan]:
    """Return a function that puts a blob in a container and begins to scan it."""

    def scan(**options: Any) -> Scan:
        container.put("a.bin", CONTENT)
        given = {**container.store.options, **FAST, **options}
        return Scan(start(container.uri, AzureStorage, BlocksAdapter, **given))

    return scan


def test_scan_survives_a_store_that_is_stopped_and_started_again(scan, store) -> None:
    reading = scan(retries=4, request_timeout_seconds=5.0)
    reading.block()

    store.stop()
    timer = Timer(0.5, store.start)
    timer.start()

    assert reading.rest() == CONTENT[BLOCK:]
    timer.join()


def test_store_that_stands_still_ends_the_scan_in_time(scan, store) -> None:
    reading = scan()
    reading.block()
    os.kill(store.pid, signal.SIGSTOP)
    try:
        assert reading.fails() == "unavailable"
    finally:
        os.kill(store.pid, signal.SIGCONT)
