"""One stream of one part, held against what the server says it has sent."""

import warnings
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pyarrow as pa
from pyarrow import flight

from flightstream.client.connection import Connection
from flightstream.client.errors import readable
from flightstream.client.feed import Feed
from flightstream.client.halt import Halt
from flightstream.client.metadata import as_json
from flightstream.client.patience import Patience, TimedOut
from flightstream.errors import InvalidData, Unavailable


class DataWarning(UserWarning):
    """Rows were skipped or values changed, as the server's configuration wants it."""


class Torn(Unavailable):
    """Rows are missing somewhere, so nobody can say from where to read on."""


def received(
    connection: Connection,
    ticket: bytes,
    schema: pa.Schema | None,
    name: str,
    patience: Patience,
    halt: Halt,
    *,
    is_ours: bool,
    is_counted: bool,
    report: Callable[[Mapping[str, Any]], object],
) -> Generator[pa.RecordBatch]:
    """Yield a stream's batches, and hold their rows against what the server counted.

    Args:
        connection: To where the ticket is good.
        ticket: What to ask for.
        schema: That of every batch; ``None`` takes any.
        name: Of the flight, for messages.
        patience: How long it is waited for.
        halt: Ends it.
        is_ours: Whether what comes beside the rows is a summary of ours; another
            server's says what only its own clients know.
        is_counted: Whether the server has to say at the end how many rows it sent.
        report: Called at the end with what else the server has counted.
    """
    feed = halt.add(Feed(lambda: _open(connection, ticket, schema, name)))
    feed.start()
    rows, timeout_seconds = 0, patience.first_batch_timeout_seconds
    summary: dict[str, Any] = {}
    try:
        while (chunk := _take(feed, timeout_seconds, connection.uri, name)) is not None:
            timeout_seconds = patience.idle_timeout_seconds
            told = chunk.app_metadata if is_ours else None
            if told is not None:
                summary = as_json(told.to_pybytes())
            if chunk.data is not None and (chunk.data.num_rows or not told):
                rows += chunk.data.num_rows
                yield chunk.data
    finally:
        feed.set()
    sent = summary.get("rows", None if is_counted else rows)
    if sent != rows:
        number = "an unknown number" if sent is None else sent
        raise Torn(f"{rows} rows of {name!r} arrived from {connection.uri}, {number} were sent")
    report({key: value for key, value in summary.items() if key != "rows"})


def _open(
    connection: Connection, ticket: bytes, schema: pa.Schema | None, name: str
) -> tuple[Callable[[], Any], Callable[[], None]]:
    def begin(client: Any, options: Any) -> Any:
        with readable(connection.uri):
            reader = client.do_get(flight.Ticket(ticket), options)
            return reader, reader.schema

    def read() -> Any:
        with readable(connection.uri):
            try:
                return reader.read_chunk()
            except StopIteration:
                return None

    reader, sent = connection.ask(begin, timed=False)
    if schema is not None and not sent.equals(schema):
        reader.cancel()
        raise InvalidData(
            f"{connection.uri} sends {name!r} with another schema than it has announced:"
            f" {_difference(schema, sent)}"
        )
    return lambda: connection.heard(read), reader.cancel


def _take(feed: Feed, timeout_seconds: float, uri: str, name: str) -> Any:
    try:
        return feed.take(timeout_seconds)
    except TimeoutError:
        raise TimedOut(
            f"{uri} has sent nothing of {name!r} for {timeout_seconds:g} seconds"
        ) from None


def _difference(announced: pa.Schema, sent: pa.Schema) -> str:
    for number, (wanted, found) in enumerate(zip(announced, sent, strict=False)):
        if not wanted.equals(found):
            return f"column {number} is {_column(found)} in place of {_column(wanted)}"
    return f"{len(sent)} columns in place of {len(announced)}"


def _column(column: pa.Field) -> str:
    return f"{column.name!r} ({column.type}{'' if column.nullable else ', not null'})"


def warn_of(name: str, counts: Mapping[str, Any]) -> None:
    """Warn of what a server has reported of a flight, if it has."""
    if counts:
        told = ", ".join(f"{key} {value}" for key, value in counts.items())
        warnings.warn(f"the server reports of {name!r}: {told}", DataWarning, stacklevel=2)
