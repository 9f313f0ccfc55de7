"""What is raced against what, and how much faster ours has to be."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from attrs import frozen

from bench.data import SCHEMA, Files
from bench.processes import flightstream, python, roapi, static
from bench.race import Contestant

_MEMORY = ("--plugin", "bench.memory:MemoryAdapter")
_TYPES = ", ".join(f'{column.name} = "{column.type}"' for column in SCHEMA)
TYPED = f"""
[sources.csv]
uri = "csv"
[sources.csv.options.csv]
column_types = {{ {_TYPES} }}
"""
_CACHED = """
[sources.csv]
uri = "csv"
[plugins.cache]
folder = "cache"
"""


@frozen
class Case:
    """A race.

    Args:
        name: By which it is chosen.
        title: What is read.
        contestants: Starts their servers, and gives them: ours first.
    """

    name: str
    title: str
    contestants: Callable[[Files], AbstractContextManager[list[Contestant]]]


def ticket(kind: str, path: Path | str = "") -> str:
    """Return a ticket of ``plain.py``."""
    return json.dumps({"kind": kind, "path": str(path)})


def fast_flight_ticket(path: Path) -> str:
    """Return a ticket of ``fast_flight.py``."""
    return json.dumps({"param_type": "__main__.FileParams", "path": str(path)})


@contextmanager
def memory(files: Files) -> Iterator[list[Contestant]]:
    """Nothing but the path of a stream."""
    with flightstream(files.folder, "memory/", *_MEMORY) as ours, python("plain.py") as plain:
        yield [
            Contestant("FlightStream", "ours", ours, "memory/large"),
            Contestant("pyarrow, untuned", "pyarrow", plain, ticket("memory"), 1.8),
            Contestant("pyarrow, tuned", "pyarrow_tuned", plain, ticket("memory"), 0.95),
        ]


@contextmanager
def arrow(files: Files) -> Iterator[list[Contestant]]:
    """An Arrow file, also over HTTP."""
    path = files.folder / "arrow" / "large.arrow"
    with (
        flightstream(files.folder, "arrow/") as ours,
        python("plain.py") as plain,
        static(files.folder / "arrow") as web,
    ):
        yield [
            Contestant("FlightStream", "ours", ours, "arrow/large"),
            Contestant("pyarrow, untuned", "pyarrow", plain, ticket("arrow", path), 1.8),
            Contestant("pyarrow, tuned", "pyarrow_tuned", plain, ticket("arrow", path), 0.95),
            Contestant("the file over HTTP", "http_arrow", web, path.name, 1.3),
        ]


@contextmanager
def csv(files: Files) -> Iterator[list[Contestant]]:
    """CSV, parsed for each reading."""
    path = files.folder / "csv" / "large.csv"
    with (
        flightstream(files.folder, configuration=TYPED) as ours,
        python("plain.py") as plain,
        python("fast_flight.py") as fast,
        roapi(path.parent, path.name) as sql,
    ):
        yield [
            Contestant("FlightStream", "ours", ours, "csv/large"),
            Contestant("pyarrow, in parallel", "pyarrow_tuned", plain, ticket("csv", path), 0.95),
            Contestant("fastflight", "pyarrow", fast, fast_flight_ticket(path), 2.0),
            Contestant("DuckDB reads the file", "duckdb", str(path.parent), path.name, 1.2),
            Contestant("polars reads the file", "polars", str(path.parent), path.name),
            Contestant("roapi", "roapi", sql, path.stem),
        ]


@contextmanager
def cached(files: Files) -> Iterator[list[Contestant]]:
    """CSV that was read before, and is kept by the cache."""
    with (
        flightstream(files.folder, configuration=_CACHED) as ours,
        flightstream(files.folder / "other", "../arrow") as as_arrow,
    ):
        yield [
            Contestant("FlightStream", "ours", ours, "csv/large"),
            Contestant("FlightStream, of the Arrow file", "ours", as_arrow, "arrow/large", 0.9),
        ]


def parquet(name: str) -> Callable[[Files], AbstractContextManager[list[Contestant]]]:
    """Return the race for one of the two Parquet files."""

    @contextmanager
    def contestants(files: Files) -> Iterator[list[Contestant]]:
        path = files.folder / "parquet" / f"{name}.parquet"
        with (
            flightstream(files.folder, "parquet/") as ours,
            python("plain.py") as plain,
            python("fast_flight.py") as fast,
            static(path.parent) as web,
        ):
            yield [
                Contestant("FlightStream", "ours", ours, f"parquet/{name}"),
                Contestant("pyarrow, ahead", "pyarrow_tuned", plain, ticket("parquet", path), 0.95),
                Contestant("fastflight", "pyarrow", fast, fast_flight_ticket(path), 1.3),
                Contestant("the file over HTTP", "http_parquet", web, path.name, 1.0),
                Contestant("DuckDB reads the file", "duckdb", str(path.parent), path.name),
                Contestant("polars reads the file", "polars", str(path.parent), path.name),
            ]

    return contestants


@contextmanager
def filtered(files: Files) -> Iterator[list[Contestant]]:
    """Two columns of a tenth of the rows."""
    path = files.folder / "parquet" / "small_groups.parquet"
    with flightstream(files.folder, "parquet/") as ours:
        yield [
            Contestant("FlightStream", "filtered", ours, "parquet/small_groups"),
            Contestant("DuckDB reads the file", "duckdb_filtered", str(path.parent), path.name),
        ]


CASES = (
    Case("memory", "In memory", memory),
    Case("arrow", "An Arrow file", arrow),
    Case("csv", "CSV, parsed anew", csv),
    Case("cached", "CSV, from the cache", cached),
    Case("small_groups", "Parquet, row groups of 131,072 rows", parquet("small_groups")),
    Case("large_groups", "Parquet, row groups of 1,048,576 rows", parquet("large_groups")),
    Case("filtered", "Parquet, two columns of a tenth of the rows", filtered),
)
