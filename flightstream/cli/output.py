"""Tables for people: framed on a terminal, plain columns everywhere else."""

import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flightstream.cli.text import aligned, printable, shortened

_CELL_WIDTH = 40
_PLAIN_WIDTH = 200


def show_table(
    names: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()
) -> None:
    """Print a table of text that may come from anywhere.

    On a terminal the first columns that fit are shown, and the others named.

    Args:
        names: The columns.
        rows: A cell for each column.
        right: The columns that hold numbers.
    """
    names = [printable(name) for name in names]
    cells = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        if names:
            shown = [[shortened(cell, _PLAIN_WIDTH) for cell in row] for row in [names, *cells]]
            click.echo(aligned(shown))
        return
    console = Console(highlight=False)
    table = Table()
    fitting = _fitting(names, cells, console.width)
    numbers = set(right)
    for position, name in enumerate(names[:fitting]):
        table.add_column(
            Text(name),
            justify="right" if position in numbers else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in cells:
        table.add_row(*(Text(shortened(cell, _CELL_WIDTH)) for cell in row[:fitting]))
    if names:
        console.print(table)
    if fitting < len(names):
        others = ", ".join(names[fitting:])
        console.print(Text(f"and {len(names) - fitting} more columns: {others}", style="dim"))


def _fitting(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> int:
    """Return how many columns, at least one, fit into a width."""
    used = 1
    for position, name in enumerate(names):
        widest = max([len(name), *(len(row[position]) for row in cells)])
        used += min(widest, _CELL_WIDTH) + 3
        if used > width:
            return max(1, position)
    return len(names)
