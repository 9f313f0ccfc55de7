"""Two or more ways side by side, again and again: what else the machine does falls on all."""

import statistics
from collections.abc import Sequence
from contextlib import ExitStack

from attrs import define, field, frozen

from bench.processes import Reader, Running, reader


@frozen
class Contestant:
    """A way to read, and where.

    Args:
        label: How it is called in what is printed.
        way: One of ``ways.py``.
        server: Who serves it, or the folder of a file that nobody does.
        name: The flight, ticket or file.
        at_least: How many times as fast as it the first contestant has to be.
    """

    label: str
    way: str
    server: Running | str
    name: str
    at_least: float | None = None


@frozen
class Spread:
    """The median of values, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return that of values."""
        return cls(statistics.median(values), min(values), max(values))


@define
class Runs:
    """What was measured of one contestant, reading by reading.

    Args:
        label: The contestant's.
        at_least: The contestant's.
        rows: How many there were.
        size: Of their Arrow data in bytes.
        seconds: From the call to the end.
        first_batch_seconds: From the call to the first batch.
        client_cpu_seconds: Of the reader.
        server_cpu_seconds: Of the server.
        client_peak_bytes: The most memory of the reader.
        server_peak_bytes: That of the server.
        ratios: The times taken, divided by those of the first contestant.
    """

    label: str
    at_least: float | None
    rows: int = 0
    size: int = 0
    seconds: list[float] = field(factory=list)
    first_batch_seconds: list[float] = field(factory=list)
    client_cpu_seconds: list[float] = field(factory=list)
    server_cpu_seconds: list[float] = field(factory=list)
    client_peak_bytes: int = 0
    server_peak_bytes: int = 0
    ratios: list[float] = field(factory=list)

    @property
    def is_short(self) -> bool:
        """Whether the first contestant was not so much faster as it has to be."""
        return self.at_least is not None and statistics.median(self.ratios) < self.at_least


def race(contestants: Sequence[Contestant], rounds: int) -> list[Runs]:
    """Let each read once in every round; the first round, which fills caches, does not count.

    Raises:
        AssertionError: They did not all read the same number of rows.
    """
    measured = [Runs(one.label, one.at_least) for one in contestants]
    with ExitStack() as stack:
        readers = [
            stack.enter_context(
                reader(
                    one.way,
                    one.server if isinstance(one.server, str) else one.server.address,
                    one.name,
                )
            )
            for one in contestants
        ]
        turns = list(zip(contestants, readers, measured, strict=True))
        for number in range(rounds + 1):
            for contestant, process, runs in turns if number % 2 else reversed(turns):
                told = _reading(contestant, process)
                if number:
                    _note(runs, told)
    for runs in measured:
        pairs = zip(runs.seconds, measured[0].seconds, strict=True)
        runs.ratios = [theirs / ours for theirs, ours in pairs]
    rows = {runs.rows for runs in measured}
    assert len(rows) == 1, f"they read {rows} rows"
    return measured


def _reading(contestant: Contestant, process: Reader) -> dict[str, float]:
    server = contestant.server
    worked = 0.0 if isinstance(server, str) else server.cpu_seconds()
    process.begin()
    told = process.end()
    if not isinstance(server, str):
        told["server_cpu_seconds"] = server.cpu_seconds() - worked
        told["server_peak_bytes"] = server.peak_bytes()
    return told


def _note(runs: Runs, told: dict[str, float]) -> None:
    runs.rows, runs.size = int(told["rows"]), int(told["bytes"])
    runs.seconds.append(told["seconds"])
    runs.first_batch_seconds.append(told["first_batch_seconds"])
    runs.client_cpu_seconds.append(told["cpu_seconds"])
    runs.client_peak_bytes = int(told["peak_bytes"])
    if "server_peak_bytes" in told:
        runs.server_cpu_seconds.append(told["server_cpu_seconds"])
        runs.server_peak_bytes = int(told["server_peak_bytes"])
