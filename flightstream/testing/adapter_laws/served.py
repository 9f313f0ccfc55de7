"""Laws of serving: the adapter in a real server, in a process of its own."""

import time
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest

from flightstream.client import connect
from flightstream.plugin import ByteSize
from flightstream.registry.discover import given
from flightstream.testing.adapter_laws.base import AdapterLaws, fullest
from flightstream.testing.compare import difference
from flightstream.testing.handles import becomes
from flightstream.testing.sample import Sample
from flightstream.testing.serve import Served
from flightstream.testing.subject import SOURCE

_SLOW_BATCHES = 40
_SLOW_SECONDS = 0.02


class ServedLaws(AdapterLaws):
    """What holds over the wire."""

    memory_limit_bytes: ClassVar[int] = 192 * 2**20

    @pytest.fixture
    def serve_sample(self, start_server: Callable[..., Served]) -> Callable[[Sample], Served]:
        """Return a function that serves a sample in a process of its own."""

        def start(sample: Sample) -> Served:
            name = given([self.plugin])[0].name
            options = {**self.options, **sample.options}
            source = sample.as_source(name, options)
            config = {"plugins": {"enabled": []}, "sources": {SOURCE: source}}
            return start_server(*self.services, self.plugin, config=config)

        return start

    def test_served_rows_are_the_expected_ones(
        self, serve_sample: Callable[[Sample], Served], sample: Sample
    ) -> None:
        """A client of a real server reads the expected tables, and the log has no failure."""
        served = serve_sample(sample)
        for name, table in sample.tables.items():
            problem = difference(served.client.read(f"{SOURCE}/{name}"), table)
            assert not problem, f"{name!r} over the wire: {problem}"
        failed = [line for line in served.server.log_lines() if "plugin" in line.get("event", "")]
        assert not failed, f"the server logged {failed}"

    def test_two_readers_at_once(
        self, serve_sample: Callable[[Sample], Served], sample: Sample
    ) -> None:
        """Two clients that read in turns get all rows each."""
        served = serve_sample(sample)
        name = fullest(sample)
        with connect(served.uri) as other:
            readers = [one.stream(f"{SOURCE}/{name}") for one in (served.client, other)]
            read: list[list[pa.RecordBatch]] = [[], []]
            for pair in zip_longest(*readers):
                for mine, batch in zip(read, pair, strict=True):
                    if batch is not None:
                        mine.append(batch)
        for batches in read:
            found = pa.Table.from_batches(batches, sample.tables[name].schema)
            problem = difference(found, sample.tables[name])
            assert not problem, f"{name!r} read by two clients at once: {problem}"

    def test_cancel_frees_every_handle(
        self, serve_sample: Callable[[Sample], Served], large: Sample
    ) -> None:
        """A client that goes away leaves no file open in the server for longer than a second."""
        _check_proc()
        served = serve_sample(large)
        name = served.client.flights()[0].name
        served.client.info(name)
        idle = served.server.open_files()
        stream = served.client.stream(name)
        stream.read_next_batch()
        del stream
        freed = becomes(lambda: served.server.open_files() <= idle, 1.0)
        assert freed, (
            f"1 s after its client left, the server has {served.server.open_files()} files open,"
            f" before it had {idle}"
        )

    def test_a_slow_reader_costs_little_memory(
        self, serve_sample: Callable[[Sample], Served], large: Sample
    ) -> None:
        """However slowly a large flight is read, the server holds little of it."""
        _check_proc()
        served = serve_sample(large)
        name = served.client.flights()[0].name
        served.client.info(name)
        before = served.server.memory_bytes("VmHWM")
        size = 0
        for number, batch in enumerate(served.client.stream(name)):
            size += batch.nbytes
            if number < _SLOW_BATCHES:
                time.sleep(_SLOW_SECONDS)  # slower than the server could be
        grown = served.server.memory_bytes("VmHWM") - before
        if size < 2 * self.memory_limit_bytes:
            pytest.skip(
                f"the flight of `large` has {ByteSize(size)}: make it twice memory_limit_bytes"
            )
        assert grown <= self.memory_limit_bytes, (
            f"the server grew by {grown >> 20} MiB for a reader of {size >> 20} MiB: read less"
            " ahead, and yield as you read"
        )


def _check_proc() -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("what another process holds can be seen on Linux alone")
