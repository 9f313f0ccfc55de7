"""``flightstream explain``."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from flightstream.cli.output import show_table
from flightstream.cli.remote import connected, selection_options
from flightstream.cli.servers import Target, server_options
from flightstream.cli.values import json_text


@click.command()
@click.argument("name")
@selection_options
@click.option("--limit", type=click.IntRange(min=0), help="No more rows than this.")
@click.option(
    "--offset", type=click.IntRange(min=0), default=0, help="Leave out this many rows first."
)
@click.option(
    "--partitions", type=click.IntRange(1, 10_000), default=1, help="In how many parts to read it."
)
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@server_options
def explain(
    name: str,
    columns: tuple[str, ...] | None,
    where: str | None,
    limit: int | None,
    offset: int,
    partitions: int,
    as_json: bool,
    target: Target,
) -> None:
    """Show what reading the flight NAME would do, without reading it.

    What the adapter does itself is pushed down, the core does the rest. How much
    is read, and how many rows that gives, is -1 where nobody knows.
    """
    with connected(target) as remote:
        explained: dict[str, Any] = remote.call(
            remote.client.explain,
            name,
            columns=columns,
            filter=where,
            limit=limit,
            offset=offset,
            partitions=partitions,
        )
    if as_json:
        click.echo(json_text(explained))
    else:
        show_table(("what", "is"), list(_rows(explained)), whole=True)


def _rows(explained: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in explained.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            yield from _rows(value, f"{label}: ")
        elif isinstance(value, list):
            yield label, ", ".join(value)
        elif value is not None:
            yield label, str(value)
