"""How fast it is, beside others: tox -e bench.

Servers and readers are processes of their own and share the machine. Everything is done
in rounds, each contestant once in each, and a ratio is one of the same round. The run
fails where a figure is short of what it has to be.
"""

import os
import platform
import sys
import tempfile
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

import click
from bench.calls import small_calls
from bench.cases import CASES
from bench.crowd import crowds, slow_readers
from bench.data import write
from bench.first import first_batches
from bench.race import race
from bench.report import Report

OTHERS = ("first", "crowd", "slow", "calls")
COMPARED = ("pyarrow", "fastflight", "roapi", "duckdb", "polars")
NAMES = (*(case.name for case in CASES), *OTHERS)


@click.command()
@click.argument("cases", nargs=-1, type=click.Choice(NAMES))
@click.option("--megabytes", default=1000, help="How large the CSV file is.")
@click.option("--rounds", default=10, help="How often everything is done.")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/bench"),
    help="The folder for bench.json, bench.md and, with matplotlib, bench.svg.",
)
def main(cases: tuple[str, ...], megabytes: int, rounds: int, to: Path) -> None:
    """Measure all CASES, or some."""
    chosen = cases or NAMES
    report = Report(_machine(), rounds)
    with tempfile.TemporaryDirectory() as name:
        click.echo(f"writing {megabytes} MB of CSV, and the same as Parquet and Arrow")
        files = write(Path(name), megabytes)
        for case in CASES:
            if case.name in chosen:
                click.echo(case.title)
                with case.contestants(files) as contestants:
                    report.races[case.title] = race(contestants, rounds)
        for other, results, measure in (
            ("first", report.firsts, lambda: first_batches(files, rounds)),
            ("crowd", report.crowds, lambda: crowds(files, rounds)),
            ("slow", report.slow, lambda: slow_readers(files)),
            ("calls", report.calls, lambda: small_calls(files.folder, rounds)),
        ):
            if other in chosen:
                click.echo(other)
                results.extend(measure())
    to.mkdir(parents=True, exist_ok=True)
    (to / "bench.json").write_text(report.as_json())
    (to / "bench.md").write_text(report.as_markdown())
    if report.races and find_spec("matplotlib"):
        report.draw(to / "bench.svg")
    click.echo(f"\n{report.as_markdown()}")
    shortfalls = list(report.shortfalls())
    for sentence in shortfalls:
        click.echo(f"short: {sentence}", err=True)
    sys.exit(bool(shortfalls))


def _machine() -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    found = {one.name: one.version for one in distributions() if one.name in COMPARED}
    libraries = ", ".join(f"{name} {found[name]}" for name in COMPARED if name in found)
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB; Python {python}, {libraries}"


if __name__ == "__main__":
    main()
