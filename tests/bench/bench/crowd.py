"""Many readers of 100 MB of CSV at once, and one that is slow."""

import time
from contextlib import ExitStack

from attrs import frozen

from bench.data import Files
from bench.processes import flightstream, reader
from bench.race import Spread

READERS = (1, 4, 8, 32)
_SLOW_SECONDS = 0.02


@frozen
class Crowd:
    """What so many readers had.

    Args:
        readers: How many.
        throughput: Megabytes of Arrow data in a second, of all of them together.
        slowest: The time of the slowest as a multiple of that of the fastest.
        server_peak_bytes: The most memory of the server.
    """

    readers: int
    throughput: Spread
    slowest: Spread
    server_peak_bytes: int


@frozen
class Slow:
    """What one reader costs that waits after each batch."""

    kind: str
    server_peak_bytes: int


def crowds(files: Files, rounds: int) -> list[Crowd]:
    """Let crowds of each size read, in turn."""
    throughput: dict[int, list[float]] = {size: [] for size in READERS}
    slowest: dict[int, list[float]] = {size: [] for size in READERS}
    peaks: dict[int, int] = {}
    with flightstream(files.folder, "csv/") as server, ExitStack() as stack:
        readers = [
            stack.enter_context(reader("ours", server.address, "csv/small"))
            for _ in range(max(READERS))
        ]
        for number in range(rounds + 1):
            for size in READERS:
                began = time.perf_counter()
                for one in readers[:size]:
                    one.begin()
                told = [one.end() for one in readers[:size]]
                seconds = time.perf_counter() - began
                peaks[size] = server.peak_bytes()
                assert {one["rows"] for one in told} == {files.few_rows}
                if number:
                    throughput[size].append(sum(one["bytes"] for one in told) / 1e6 / seconds)
                    taken = [one["seconds"] for one in told]
                    slowest[size].append(max(taken) / min(taken))
    return [
        Crowd(size, Spread.of(throughput[size]), Spread.of(slowest[size]), peaks[size])
        for size in READERS
    ]


def slow_readers(files: Files) -> list[Slow]:
    """Read a gigabyte of each kind slowly, at a server of its own."""
    told = []
    for folder, name in (("csv", "large"), ("parquet", "large_groups"), ("arrow", "large")):
        with (
            flightstream(files.folder, f"{folder}/") as server,
            reader("ours", server.address, f"{folder}/{name}", _SLOW_SECONDS) as slow,
        ):
            slow.begin()
            assert slow.end()["rows"] == files.rows
            told.append(Slow(folder, server.peak_bytes()))
    return told
