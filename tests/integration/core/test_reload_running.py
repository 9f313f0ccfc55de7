"""A reload beside calls that run, a stop, and another reload."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from flightstream import (
    Flight,
    Server,
    Source,
    Unavailable,
    adapter,
    hookimpl,
    option,
    service,
)


@pytest.fixture
def book() -> list[str]:
    """What plugins have done, in order."""
    return []


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
def gated(book, gate) -> type[Any]:
    """An adapter whose stream says what it was configured to, half of it when the gate opens."""

    @adapter
    class Gated:
        source: Source
        says: str = option("old", help="what its rows say")

        @hookimpl
        def on_startup(self):
            book.append(f"{self.says} starts")

        @hookimpl
        def on_shutdown(self):
            book.append(f"{self.says} stops")

        @hookimpl
        def list_flights(self):
            return [Flight("a", version="1")]

        @hookimpl
        def get_schema(self):
            return pa.schema([("says", pa.string())])

        @hookimpl
        def stream_batches(self):
            yield pa.record_batch({"says": [self.says]})
            assert gate.wait(60)
            yield pa.record_batch({"says": [self.says]})

    return Gated


def test_a_running_scan_ends_with_what_it_began_with(serve, gated, gate, book, until):
    served = serve(gated)
    reader = served.client.stream("a")
    rows = reader.read_next_batch().to_pylist()

    for says in ("new", "newer"):
        served.server.reload(options={"gated": {"says": says}})
        other = served.client.stream("a")
        assert other.read_next_batch().to_pylist() == [{"says": says}]
    assert book == ["old starts", "new starts", "newer starts"]

    gate.set()
    rows += [row for batch in reader for row in batch.to_pylist()]
    assert rows == [{"says": "old"}] * 2
    until(lambda: sorted(book[3:]) == ["new stops", "old stops"])


def test_what_a_running_scan_uses_stops_at_last_when_the_server_does(serve, gated, gate, book):
    served = serve(gated)
    reader = served.client.stream("a")
    reader.read_next_batch()
    served.server.reload(options={"gated": {"says": "new"}})

    try:
        assert served.server.stop(0.5) is False
    finally:
        gate.set()

    assert book == ["old starts", "new starts", "new stops", "old stops"]


class TestStoppedMeanwhile:
    """A plugin whose start lasts until the test says so."""

    @pytest.fixture
    def slow(self, book, gate) -> type[Any]:
        @service
        class Slow:
            waits: bool = option(False, help="whether it does")

            @hookimpl
            def on_startup(self):
                book.append(f"starts {self.waits}")
                assert not self.waits or gate.wait(60)

            @hookimpl
            def on_shutdown(self):
                book.append(f"stops {self.waits}")

        return Slow

    def reloading(self, server: Server, folder: Path) -> tuple[threading.Thread, list[str]]:
        refused: list[str] = []

        def reload() -> None:
            try:
                server.reload(sources={"s": folder}, options={"slow": {"waits": True}})
            except Unavailable as exc:
                refused.append(exc.message)

        thread = threading.Thread(target=reload)
        thread.start()
        return thread, refused

    def test_a_server_is_ready_while_it_reloads(
        self, serve, slow, lines, folder, book, gate, until
    ):
        (folder / "a.txt").write_text("one\n")
        served = serve(slow, lines)
        thread, refused = self.reloading(served.server, folder)
        until(lambda: "starts True" in book)

        assert served.server.is_ready
        assert served.get(b"a").num_rows == 1
        gate.set()
        thread.join()
        assert refused == []

    def test_a_reload_that_ends_while_the_server_stops_is_refused(
        self, serve, slow, lines, folder, book, gate, until
    ):
        served = serve(slow, lines)
        thread, refused = self.reloading(served.server, folder)
        until(lambda: "starts True" in book)
        stopping = threading.Thread(target=served.server.stop)
        stopping.start()
        until(lambda: not served.server.is_ready)
        gate.set()
        thread.join()
        stopping.join()

        assert refused == ["the server is stopping"]
        assert book == ["starts False", "starts True", "stops True", "stops False"]

    def test_a_reload_that_hangs_does_not_hold_up_the_stop(
        self, serve, slow, lines, folder, book, gate, until
    ):
        served = serve(slow, lines)
        thread, refused = self.reloading(served.server, folder)
        until(lambda: "starts True" in book)

        assert served.server.stop(0.5)
        assert book == ["starts False", "starts True", "stops False"]
        gate.set()
        thread.join()
        assert (refused, book[3:]) == (["the server is stopping"], ["stops True"])


def test_reloads_at_the_same_time_come_one_after_the_other(serve, lines, folder):
    (folder / "a.txt").write_text("one\n")
    served = serve(lines)
    names = [f"s{number}" for number in range(8)]
    with ThreadPoolExecutor(len(names)) as pool:
        for _ in pool.map(lambda name: served.server.reload(sources={name: folder}), names):
            pass

    [name] = served.server.info.sources
    assert name in names
    assert served.names() == [f"{name}/a"]
