"""Scans while objects change, and while the store fails: never short without an error."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from threading import Timer
from typing import Any

import pyarrow as pa
import pytest
from flightstream_s3 import S3Storage

from flightstream import Flight, FlightStreamError, ScanRequest, Source, adapter, hookimpl, option

pytest_plugins = ["flightstream.testing"]

BLOCK = 64 * 1024
CONTENT = os.urandom(8 * BLOCK)
FAST = {"retries": 0, "connect_timeout_seconds": 1.0, "request_timeout_seconds": 1.0}


@adapter
class BlocksAdapter:
    """Serves any file as rows of a block each, and takes every error for damage."""

    source: Source
    block_bytes: int = option(BLOCK, help="The size of a block.")

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
            while block := file.read(self.block_bytes):
                flight.origin.check_unchanged()
                yield pa.record_batch({"block": pa.array([block], pa.binary())})


class Scan:
    """A scan of one object that goes on when asked."""

    def __init__(self, registry: Any) -> None:
        mount = registry.mounts[0]
        [flight] = mount.list_flights()
        self._batches = mount.stream_batches(flight, ScanRequest())

    def block(self) -> bytes:
        [block] = next(self._batches)["block"].to_pylist()
        return block

    def rest(self) -> bytes:
        return b"".join(batch["block"][0].as_py() for batch in self._batches)

    def fails(self) -> tuple[str, str]:
        with pytest.raises(FlightStreamError) as caught:
            self.rest()
        return caught.value.code, caught.value.message


@pytest.fixture
def scan(registry: Callable[..., Any], bucket: Any) -> Callable[..., Scan]:
    """Return a function that puts an object in a bucket and begins to scan it."""

    def scan(endpoint: str | None = None, **options: Any) -> Scan:
        bucket.put("a.bin", CONTENT)
        given = {**bucket.store.options, **FAST, **options}
        if endpoint is not None:
            given["endpoint"] = endpoint
        config = {"plugins": {"enabled": [], "s3": given}, "sources": {"lake": {"uri": bucket.uri}}}
        return Scan(registry(S3Storage, BlocksAdapter, config=config))

    return scan


def test_object_replaced_between_blocks_by_one_of_the_same_size_is_stale(scan, bucket) -> None:
    reading = scan()
    assert reading.block() == CONTENT[:BLOCK]

    bucket.put("a.bin", bytes(reversed(CONTENT)))

    assert reading.fails() == ("stale", "the file 'a.bin' changed: ask for the flight again")


def test_object_written_again_with_the_same_content_is_the_same(scan, bucket) -> None:
    reading = scan()
    reading.block()

    bucket.put("a.bin", CONTENT)

    assert reading.rest() == CONTENT[BLOCK:]


def test_store_that_goes_away_ends_the_scan_as_unavailable(scan, proxy) -> None:
    reading = scan(proxy.url)
    reading.block()

    proxy.stop()

    assert reading.fails() == (
        "unavailable",
        "the store cannot be reached: check endpoint and that it runs",
    )
    proxy.start()


def test_store_that_stays_silent_ends_the_scan_in_time(scan, proxy) -> None:
    reading = scan(proxy.url)
    reading.block()

    proxy.fault = lambda request: request.stay_silent()

    assert reading.fails() == (
        "unavailable",
        "the store does not answer in time: try again, or raise request_timeout_seconds",
    )


def test_stopped_store_ends_the_scan_in_time_and_is_read_when_it_goes_on(scan, store) -> None:
    if (pid := store.pid) is None:
        pytest.skip("set FLIGHTSTREAM_S3_PID_FILE to stop the store at FLIGHTSTREAM_S3_ENDPOINT")
    reading = scan()
    reading.block()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert reading.fails()[0] == "unavailable"
    finally:
        os.kill(pid, signal.SIGCONT)

    assert scan().rest() == CONTENT


def test_scan_survives_a_store_that_is_killed_and_started_again(scan, store) -> None:
    if "FLIGHTSTREAM_S3_START" not in os.environ:
        pytest.skip("moto keeps nothing: set FLIGHTSTREAM_S3_START to what starts the store again")
    reading = scan(retries=12)
    reading.block()
    os.kill(store.pid, signal.SIGKILL)
    timer = Timer(0.5, subprocess.run, [os.environ["FLIGHTSTREAM_S3_START"]], {"shell": True})
    timer.start()

    assert reading.rest() == CONTENT[BLOCK:]
    timer.join()
