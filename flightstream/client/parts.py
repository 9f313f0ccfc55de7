"""One part of a flight: what a server does not finish, another that serves the same does."""

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

import attrs
import pyarrow as pa
from pyarrow import flight

from flightstream.client.connection import Connections
from flightstream.client.stream import Torn, received
from flightstream.errors import InvalidCommand, Unavailable
from flightstream.wire import Command


def read_part(
    connections: Connections, name: str, ticket: bytes, locations: Sequence[str]
) -> Generator[pa.RecordBatch]:
    """Yield the rows of a ticket, from the first place that has them.

    Where a place fails, the next one is asked for the rows that are missing: each
    stream of a flight has one order, and a ticket is good for one version of it.

    Args:
        connections: To all the places.
        name: Of the flight, for messages.
        ticket: What to ask for.
        locations: Where; none means where the ticket is from.

    Raises:
        Unavailable: Every place has failed, one after the other, without a row.
    """
    places = connections.at(locations)
    turn = failed = rows = 0
    asked: bytes | None = ticket
    while asked is not None:
        place = places[turn % len(places)]
        try:
            call = partial(_get, flight.Ticket(asked))
            for batch in received(connections.to(place).ask(call, timed=False), name):
                rows, failed = rows + batch.num_rows, 0
                yield batch
        except Torn:
            raise
        except Unavailable:
            turn, failed, asked = turn + 1, failed + 1, _rest(ticket, rows)
            if asked is None or failed == len(places):
                raise
        else:
            return


def _rest(ticket: bytes, rows: int) -> bytes | None:
    """Return a ticket for all but the first rows; ``None`` where it cannot tell which these are."""
    if not rows:
        return ticket
    try:
        command = Command.parse(ticket)
    except InvalidCommand:
        return None
    if command.version is None:  # a name alone, or another server's
        return None
    limit = None if command.limit is None else command.limit - rows
    return attrs.evolve(command, offset=command.offset + rows, limit=limit).to_bytes()


def _get(ticket: Any, client: Any, options: Any) -> Any:
    return client.do_get(ticket, options)
