"""What commands that read from a server have in common."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import click
import pyarrow as pa

from flightstream.cli.servers import Target
from flightstream.cli.text import printable
from flightstream.cli.waiting import in_background, read_ahead
from flightstream.client import Client, DataWarning, connect
from flightstream.errors import Unavailable

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

    def __init__(self, client: Client, uri: str) -> None:
        self.client = client
        self.uri = uri

    def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method of the client."""
        with _naming_server(self.uri):
            return in_background(partial(method, *args, **kwargs))

    def batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """Read a stream of the client, a few batches ahead."""
        with _naming_server(self.uri):
            yield from read_ahead(reader)


@contextmanager
def connected(target: Target) -> Iterator[Remote]:
    """Connect to a server; afterwards tell what it reported of the data."""
    with warnings.catch_warnings(record=True) as reported:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", DataWarning)
        try:
            with _naming_server(target.uri):
                client = connect(target.uri, **target.arguments)
            yield Remote(client, target.uri)
        finally:
            for warning in reported:
                click.echo(f"note: {printable(str(warning.message))}", err=True)


@contextmanager
def _naming_server(uri: str) -> Iterator[None]:
    """Say of errors that did not come from the server itself which one was asked."""
    try:
        yield
    except Unavailable as exc:
        if exc.call is None:
            # Arrow's and gRPC's own words; what matters comes last.
            reason = exc.message.rpartition("with message: ")[2].rpartition("last error: ")[2]
            raise Unavailable(f"no answer from {uri}: {reason}") from exc
        raise
