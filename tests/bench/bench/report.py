"""What was measured, as JSON, as Markdown and as a picture."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import attrs
from attrs import field, frozen

from bench.calls import Calls
from bench.crowd import Crowd, Slow
from bench.first import First
from bench.race import Runs, Spread

_MOST_CROWDED_BYTES, _MOST_SLOW_BYTES = 600e6, 250e6


@frozen
class Report:
    """All of a run.

    Args:
        machine: Processor, cores and versions.
        rounds: How often everything was done.
        races: By their titles.
        firsts: How soon the first batch is there.
        crowds: Of readers.
        slow: What slow readers cost.
        calls: What small calls take.
    """

    machine: str
    rounds: int
    races: dict[str, list[Runs]] = field(factory=dict)
    firsts: list[First] = field(factory=list)
    crowds: list[Crowd] = field(factory=list)
    slow: list[Slow] = field(factory=list)
    calls: list[Calls] = field(factory=list)

    def shortfalls(self) -> Iterator[str]:
        """Yield a sentence for each figure that is not what it should be."""
        for title, race in self.races.items():
            for runs in race:
                if runs.is_short:
                    yield (
                        f"{title}: {median(runs.ratios):.2f} times as fast as {runs.label},"
                        f" not {runs.at_least}"
                    )
        for first in self.firsts:
            if first.is_short:
                yield f"first batch, {first.label}: {first.milliseconds.median:.0f} ms"
        for calls in self.calls:
            if calls.is_short:
                yield f"{calls.label}: {calls.ratio.median:.2f} times as long as by hand"
        for one in self.slow:
            if one.kind != "arrow" and one.server_peak_bytes > _MOST_SLOW_BYTES:
                yield f"slow reader of {one.kind}: {one.server_peak_bytes / 1e6:.0f} MB"
        yield from self._crowded()

    def _crowded(self) -> Iterator[str]:
        by_size = {crowd.readers: crowd for crowd in self.crowds}
        if not by_size:
            return
        few, many = by_size[4], by_size[32]
        if many.throughput.median < 0.9 * few.throughput.median:
            yield f"32 readers: {many.throughput.median / few.throughput.median:.2f} of 4"
        if many.slowest.median > 2:
            yield f"32 readers: the slowest takes {many.slowest.median:.1f} times the fastest"
        if many.server_peak_bytes > _MOST_CROWDED_BYTES:
            yield f"32 readers: {many.server_peak_bytes / 1e6:.0f} MB"

    def as_json(self) -> str:
        """Return all of it."""
        return json.dumps(attrs.asdict(self), indent=1)

    def as_markdown(self) -> str:
        """Return tables for people."""
        parts = [f"{self.machine}; medians of {self.rounds} rounds, with the lowest and highest."]
        parts += [_race(title, race) for title, race in self.races.items()]
        parts += [
            _table(
                "Until the first batch of CSV",
                ("", "ms", "at most"),
                [
                    (one.label, _told(one.milliseconds, 0), f"{one.at_most:g}")
                    for one in self.firsts
                ],
            ),
            _table(
                "Readers of 100 MB of CSV at once",
                ("Readers", "MB/s together", "slowest / fastest", "Server's peak, MB"),
                [
                    (
                        str(one.readers),
                        _told(one.throughput, 0),
                        _told(one.slowest),
                        _mega(one.server_peak_bytes),
                    )
                    for one in self.crowds
                ],
            ),
            _table(
                "A slow reader",
                ("Of", "Server's peak, MB"),
                [(one.kind, _mega(one.server_peak_bytes)) for one in self.slow],
            ),
            _table(
                "Small calls",
                ("Call", "p50, µs", "p99, µs", "p50 / by hand"),
                [
                    (one.label, _told(one.p50, 0), _told(one.p99, 0), _told(one.ratio))
                    for one in self.calls
                ],
            ),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def draw(self, path: Path) -> None:
        """Write a picture of the races."""
        from matplotlib.figure import Figure

        figure = Figure((8, 1.2 + 1.1 * len(self.races)), layout="constrained")
        for axes, (title, race) in zip(
            figure.subplots(len(self.races), 1, squeeze=False).flat,
            self.races.items(),
            strict=True,
        ):
            labels = [runs.label for runs in race]
            speeds = [runs.size / 1e6 / median(runs.seconds) for runs in race]
            axes.barh(labels, speeds, color=["C1", *["C0"] * (len(race) - 1)])
            axes.invert_yaxis()
            axes.set_title(title, loc="left", fontsize=9)
            axes.tick_params(labelsize=8)
        figure.supxlabel("MB of Arrow data in a second", fontsize=9)
        figure.savefig(path)


def _race(title: str, race: Sequence[Runs]) -> str:
    head = (
        "",
        "MB/s",
        "Mrows/s",
        "first batch, ms",
        "CPU s, client + server",
        "peak MB, client + server",
        "FlightStream is",
        "target",
    )
    return _table(title, head, [_row(runs, runs is race[0]) for runs in race])


def _row(runs: Runs, is_first: bool) -> tuple[str, ...]:
    seconds = Spread.of(runs.seconds)
    served = runs.server_cpu_seconds or [0.0]
    return (
        runs.label,
        f"{runs.size / 1e6 / seconds.median:.0f}",
        f"{runs.rows / 1e6 / seconds.median:.1f}",
        f"{median(runs.first_batch_seconds) * 1000:.0f}",
        f"{median(runs.client_cpu_seconds):.2f} + {median(served):.2f}",
        f"{_mega(runs.client_peak_bytes)} + {_mega(runs.server_peak_bytes)}",
        "" if is_first else f"{_told(Spread.of(runs.ratios))} times as fast",
        "" if runs.at_least is None else f"≥ {runs.at_least:g}",
    )


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _told(spread: Spread, digits: int = 2) -> str:
    return f"{spread.median:.{digits}f} ({spread.low:.{digits}f} to {spread.high:.{digits}f})"


def _mega(size: int) -> str:
    return f"{size / 1e6:.0f}"
