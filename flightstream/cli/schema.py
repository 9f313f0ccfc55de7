"""``flightstream schema``."""

from collections.abc import Mapping
from typing import Any

import click
import pyarrow as pa

from flightstream.cli.output import show_table
from flightstream.cli.remote import connected
from flightstream.cli.servers import Target, server_options
from flightstream.cli.values import json_text


@click.command()
@click.argument("name")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print an object: name, columns (name, type, nullable, metadata), metadata.",
)
@server_options
def schema(name: str, as_json: bool, target: Target) -> None:
    """Show the columns of the flight NAME and their Arrow types."""
    with connected(target) as remote:
        flight = remote.call(remote.client.info, name)
    columns: list[pa.Field] = list(flight.schema)
    if as_json:
        click.echo(
            json_text(
                {
                    "name": flight.name,
                    "columns": [_document(column) for column in columns],
                    "metadata": _texts(flight.schema.metadata),
                }
            )
        )
        return
    rows = [[column.name, str(column.type), "" if column.nullable else "no"] for column in columns]
    show_table(["column", "type", "nullable"], rows)


def _document(column: Any) -> dict[str, object]:
    return {
        "name": column.name,
        "type": str(column.type),
        "nullable": column.nullable,
        "metadata": _texts(column.metadata),
    }


def _texts(metadata: Mapping[bytes, bytes] | None) -> dict[str, str]:
    return {
        key.decode(errors="backslashreplace"): value.decode(errors="backslashreplace")
        for key, value in (metadata or {}).items()
    }
