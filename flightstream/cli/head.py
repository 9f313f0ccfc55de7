"""``flightstream head``."""

import click
import pyarrow as pa

from flightstream.cli.output import show_table
from flightstream.cli.progress import shown_progress
from flightstream.cli.remote import connected, selection_options
from flightstream.cli.servers import Target, server_options
from flightstream.cli.values import JSON_HELP, json_text, to_json, to_text


@click.command(epilog=JSON_HELP)
@click.argument("name")
@click.option(
    "-n", "--rows", default=10, show_default=True, type=click.IntRange(min=0), help="How many rows."
)
@selection_options
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, one for each row.")
@server_options
def head(
    name: str,
    rows: int,
    columns: tuple[str, ...] | None,
    where: str | None,
    as_json: bool,
    target: Target,
) -> None:
    """Show the first rows of the flight NAME."""
    with connected(target) as remote, shown_progress(name, -1):
        table: pa.Table = remote.call(
            remote.client.read, name, columns=columns, filter=where, limit=rows
        )
    if as_json:
        records = zip(*table.columns, strict=True)
        names = table.column_names
        found = [dict(zip(names, map(to_json, record), strict=True)) for record in records]
        click.echo(json_text(found))
        return
    show_rows(table)


def show_rows(table: pa.Table) -> None:
    """Print all rows of a table."""
    rows = [[to_text(value) for value in record] for record in zip(*table.columns, strict=True)]
    numbers = [i for i, column in enumerate(table.schema) if _is_number(column.type)]
    show_table(table.column_names, rows, right=numbers)


def _is_number(type_: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_))
