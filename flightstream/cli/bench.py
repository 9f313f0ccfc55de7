"""``flightstream bench``."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import attrs
import click
from attrs import frozen

from flightstream.cli.output import show_table
from flightstream.cli.progress import Transfer, shown_progress
from flightstream.cli.remote import Remote, connected, selection_options
from flightstream.cli.servers import Target, server_options
from flightstream.cli.text import printable, size
from flightstream.cli.values import json_text

# How the measures are shown, by their names in JSON.
_MEASURES: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "rows_per_second": ("rows/s", "{:,.0f}".format),
    "megabytes_per_second": ("MB/s", "{:,.1f}".format),
    "first_batch_seconds": ("first batch (ms)", lambda seconds: f"{seconds * 1000:,.1f}"),
    "seconds": ("all (ms)", lambda seconds: f"{seconds * 1000:,.1f}"),
}


@frozen
class Reading:
    """One reading of a flight.

    Args:
        rows: How many came.
        bytes: Their size in Arrow's memory.
        first_batch_seconds: From the question to the first batch, or to the end without one.
        seconds: From the question to the end.
    """

    rows: int
    bytes: int
    first_batch_seconds: float
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """How fast rows came."""
        return self.rows / self.seconds

    @property
    def megabytes_per_second(self) -> float:
        """How fast bytes came, in millions."""
        return self.bytes / 1e6 / self.seconds


@click.command()
@click.argument("name")
@click.option(
    "-n",
    "--readings",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="How often it is read.",
)
@click.option(
    "--partitions",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Read it in so many parts at the same time.",
)
@selection_options
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print an object: each reading, and the median, lowest and highest of each measure.",
)
@server_options
def bench(
    name: str,
    readings: int,
    partitions: int,
    columns: tuple[str, ...] | None,
    where: str | None,
    as_json: bool,
    target: Target,
) -> None:
    """Measure how fast the flight NAME is read from here.

    It is read whole, several times, and nothing is kept of it. Bytes are those of
    Arrow's memory, and times begin with the question what the flight is. The first
    reading may take longer, where the server keeps something of it.
    """
    wanted = {"partitions": partitions, "columns": columns, "filter": where}
    with connected(target) as remote:
        flight = remote.call(remote.client.info, name, **wanted)
        total = flight.total_records * readings if flight.total_records >= 0 else -1
        with shown_progress(name, total) as transfer:
            done = [_read(remote, name, wanted, transfer) for _ in range(readings)]
    spreads = {measure: _spread(done, measure) for measure in _MEASURES}
    if as_json:
        found = [attrs.asdict(reading) for reading in done]
        click.echo(json_text({"flight": flight.name, "readings": found, **spreads}))
        return
    times = "1 reading" if readings == 1 else f"{readings} readings"
    click.echo(
        printable(
            f"{flight.name}: {done[-1].rows:,} rows, {size(done[-1].bytes)} of Arrow data, {times}"
        )
    )
    rows = [
        [title, *map(shown, spreads[measure].values())]
        for measure, (title, shown) in _MEASURES.items()
    ]
    show_table(["", "median", "lowest", "highest"], rows, right=(1, 2, 3))


def _read(remote: Remote, name: str, wanted: Mapping[str, Any], transfer: Transfer) -> Reading:
    rows = number_of_bytes = 0
    first: float | None = None
    began = time.perf_counter()
    with remote.call(remote.client.stream, name, **wanted) as stream:
        for batch in stream:
            if first is None:
                first = time.perf_counter() - began
            rows, number_of_bytes = rows + batch.num_rows, number_of_bytes + batch.nbytes
            transfer.add(batch)
    seconds = time.perf_counter() - began
    return Reading(rows, number_of_bytes, seconds if first is None else first, seconds)


def _spread(done: Sequence[Reading], attribute: str) -> dict[str, float]:
    values = [getattr(reading, attribute) for reading in done]
    return {"median": median(values), "lowest": min(values), "highest": max(values)}
