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
    names: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Iterable[int] = (),
    whole: bool = False,
) -> None:
    """Print a table of text that may come from anywhere.

    Args:
        names: The columns.
        rows: A cell for each column.
        right: The columns that hold numbers.
        whole: Show all of each cell, on a terminal in several lines; otherwise
            cells are cut, and columns that do not fit are only named.
    """
    names = [printable(name) for name in names]
    cells = [[printable(cell) for cell in row] for row in rows]
    if not names:
        return
    if sys.stdout.isatty():
        console = Console(highlight=False)
        if whole:
            _show_whole(console, names, cells)
        else:
            _show_fitting(console, names, cells, set(right))
    else:
        limit = max(map(len, [text for row in cells for text in row])) if whole and cells else 0
        limit = max(limit, _PLAIN_WIDTH)
        click.echo(aligned([[shortened(cell, limit) for cell in row] for row in [names, *cells]]))


def _show_whole(console: Console, names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    table = Table()
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _show_fitting(
    console: Console, names: Sequence[str], cells: Sequence[Sequence[str]], numbers: set[int]
) -> None:
    fitting = _fitting(names, cells, console.width)
    table = Table()
    for position, name in enumerate(names[:fitting]):
        justify = "right" if position in numbers else "left"
        table.add_column(Text(name), justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for row in cells:
        table.add_row(*(Text(shortened(cell, _CELL_WIDTH)) for cell in row[:fitting]))
    console.print(table)
    if fitting < len(names):
        others = ", ".join(names[fitting:])
        more = len(names) - fitting
        noun = "column" if more == 1 else "columns"
        console.print(Text(f"and {more} more {noun}: {others}", style="dim"), soft_wrap=True)


def _fitting(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> int:
    """Return how many columns, at least one, fit into a width."""
    used = 1
    for position, name in enumerate(names):
        widest = max([len(name), *(len(row[position]) for row in cells)])
        used += min(widest, _CELL_WIDTH) + 3
        if used > width:
            return max(1, position)
    return len(names)
