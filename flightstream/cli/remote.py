"""What commands that read from a server have in common."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import click

from flightstream.cli.servers import Target
from flightstream.cli.text import printable
from flightstream.cli.waiting import in_background
from flightstream.client import Client, DataWarning, connect

F = TypeVar("F", bound=Callable[..., Any])


def _split_columns(
    _ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...] | None:
    return tuple(name for text in given for name in text.split(",")) or None


def selection_options(command: F) -> F:
    """Add the options that choose columns and rows."""
    columns = click.option(
        "--columns",
        metavar="A,B",
        multiple=True,
        callback=_split_columns,
        help="Only these columns, in this order.",
    )
    where = click.option(
        "--where", metavar="SQL", help="""Only these rows: "fare > 10 AND city IN ('Oslo')"."""
    )
    return columns(where(command))


class Remote:
    """A server, whose answers are waited for without being deaf to Ctrl-C."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method of the client."""
        return in_background(partial(method, *args, **kwargs))


@contextmanager
def connected(target: Target) -> Iterator[Remote]:
    """Connect to a server; afterwards tell what it reported of the data."""
    with warnings.catch_warnings(record=True) as reported:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", DataWarning)
        try:
            yield Remote(connect(target.uri, **target.arguments))
        finally:
            # What is read twice is reported twice.
            for message in dict.fromkeys(str(warning.message) for warning in reported):
                click.echo(f"note: {printable(message)}", err=True)
