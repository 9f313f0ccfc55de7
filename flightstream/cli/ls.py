"""``flightstream ls``."""

import click

from flightstream.cli.output import show_table
from flightstream.cli.remote import connected
from flightstream.cli.servers import Target, server_options
from flightstream.cli.text import size
from flightstream.cli.values import json_text
from flightstream.client import RemoteFlight


@click.command()
@click.argument("prefix", default="")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a list of objects: name, adapter, records, bytes; null where not known.",
)
@server_options
def ls(prefix: str, as_json: bool, target: Target) -> None:
    """List the flights of a server, or those whose paths begin with PREFIX.

    A prefix is made of whole parts of a path, such as "sales" or "sales/2024".
    """
    with connected(target) as remote:
        flights = remote.call(remote.client.flights, prefix)
    if as_json:
        click.echo(json_text([_document(flight) for flight in flights]))
    elif flights:
        show_table(["name", "adapter", "rows", "size"], map(_row, flights), right=(2, 3))
    else:
        where = f" below {prefix!r}" if prefix else ""
        click.echo(f"note: there are no flights{where} at {target.uri}", err=True)


def _row(flight: RemoteFlight) -> list[str]:
    rows = f"{flight.total_records:,}" if flight.total_records >= 0 else ""
    stored = size(flight.total_bytes) if flight.total_bytes >= 0 else ""
    return [flight.name, flight.adapter or "", rows, stored]


def _document(flight: RemoteFlight) -> dict[str, object]:
    return {
        "name": flight.name,
        "adapter": flight.adapter,
        "records": flight.total_records if flight.total_records >= 0 else None,
        "bytes": flight.total_bytes if flight.total_bytes >= 0 else None,
    }
