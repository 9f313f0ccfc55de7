"""How soon the first batch of a gigabyte of CSV is there."""

import os
from pathlib import Path

from attrs import frozen

from bench.cases import TYPED
from bench.data import Files
from bench.processes import flightstream, reader
from bench.race import Spread


@frozen
class First:
    """What it took.

    Args:
        label: Whether the columns' types were known.
        milliseconds: Until the first batch; the file was new to the server each time.
        at_most: How long it may take.
    """

    label: str
    milliseconds: Spread
    at_most: float

    @property
    def is_short(self) -> bool:
        """Whether it takes longer."""
        return self.milliseconds.median > self.at_most


def first_batches(files: Files, rounds: int) -> list[First]:
    """Measure with types that the configuration says, and with types to be found out."""
    return [
        First("types in the configuration", _measured(files, TYPED, rounds), 40),
        First("types found out", _measured(files, "", rounds), 150),
    ]


def _measured(files: Files, configuration: str, rounds: int) -> Spread:
    path = files.folder / "csv" / "large.csv"
    taken = []
    sources = () if configuration else ("csv/",)
    with (
        flightstream(files.folder, *sources, configuration=configuration) as server,
        reader("first_batch", server.address, "csv/large") as process,
    ):
        for number in range(rounds + 1):
            _change(path)
            process.begin()
            told = process.end()
            if number:
                taken.append(told["first_batch_seconds"] * 1000)
    return Spread.of(taken)


def _change(path: Path) -> None:
    """Give a file another time of change: to the server it is another version."""
    now = path.stat().st_mtime_ns
    os.utime(path, ns=(now, now + 1_000_000))
