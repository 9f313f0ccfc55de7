"""Flights in notebooks: ``%load_ext flightstream``."""

import shlex
from collections.abc import Callable
from typing import Any

import click
import pyarrow as pa

from flightstream.cli.remote import selection_options
from flightstream.cli.values import to_text
from flightstream.client import Client
from flightstream.client.html import html_schema, html_table

_SHOWN_ROWS, _SHOWN_COLUMNS = 20, 50


def extend(shell: Any) -> None:
    """Add the magic, and what tables and schemas look like, to a shell of IPython."""
    shell.register_magic_function(_magic_of(shell), "line_cell", "flight")
    formatter = shell.display_formatter.formatters["text/html"]
    formatter.for_type(pa.Table, _show_table)
    formatter.for_type(pa.Schema, html_schema)


@click.command("%flight", add_help_option=False)
@click.argument("name")
@selection_options
@click.option("--limit", type=click.IntRange(min=0))
@click.option("--offset", type=click.IntRange(min=0), default=0)
@click.option("--partitions", type=click.IntRange(min=1), default=1)
@click.option("--client", default="client")
@click.option("--into")
def _line(**_read: Any) -> None:
    """Say what may stand behind the magic."""


def _magic_of(shell: Any) -> Callable[..., Any]:
    def flight(line: str, cell: str | None = None) -> Any:
        """Read a flight: ``%flight NAME``, or ``%%flight NAME`` with a filter in the cell.

        ``--columns A,B``, ``--where SQL``, ``--limit N``, ``--offset N`` and
        ``--partitions N`` say what of it. ``--into NAME`` makes the table a variable,
        in place of showing it. ``--client NAME`` is the variable that has the client;
        without it, that is ``client``.
        """
        from IPython.core.error import UsageError

        try:
            asked = _line.make_context("%flight", shlex.split(line)).params
        except click.UsageError as exc:
            raise UsageError(f"%flight: {exc.format_message()}") from None
        except ValueError as exc:  # quotes that do not end
            raise UsageError(f"%flight: {exc}") from None
        if cell is not None and cell.strip():
            if asked["where"] is not None:
                raise UsageError("%%flight: the filter is in the cell, or it is --where: not both")
            asked["where"] = cell.strip()
        client = shell.user_ns.get(asked["client"])
        if not isinstance(client, Client):
            raise UsageError(
                f"%flight: the variable {asked['client']!r} is no client:"
                f" {asked['client']} = flightstream.connect('grpc://localhost:8080')"
            )
        selection = {name: asked[name] for name in ("columns", "limit", "offset", "partitions")}
        table = client.read(asked["name"], filter=asked["where"], **selection)
        if asked["into"] is None:
            return table
        shell.user_ns[asked["into"]] = table
        return None

    return flight


def _show_table(table: pa.Table) -> str:
    names = table.column_names[:_SHOWN_COLUMNS]
    first = table.select(range(len(names))).slice(0, _SHOWN_ROWS)
    rows = zip(*([to_text(value) for value in column] for column in first.columns), strict=True)
    return html_table(names, rows, f"{table.num_rows:,} rows, {table.num_columns} columns")
