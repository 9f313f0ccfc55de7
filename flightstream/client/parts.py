"""One part of a flight: what a server does not finish, it or another that serves the same does."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import attrs
import pyarrow as pa
from attrs import frozen

from flightstream.client.connection import Connections
from flightstream.client.halt import Halt
from flightstream.client.patience import TimedOut
from flightstream.client.received import Torn, received
from flightstream.errors import InvalidCommand, Unavailable
from flightstream.wire import Command


@frozen
class Part:
    """What is read by itself.

    Args:
        ticket: What to ask for.
        locations: Where; none means where the ticket is from.
        is_ours: Whether a server of ours has written the ticket.
    """

    ticket: bytes
    locations: Sequence[str]
    is_ours: bool


def read_part(
    connections: Connections,
    halt: Halt,
    name: str,
    schema: pa.Schema | None,
    part: Part,
    report: Callable[[Mapping[str, Any]], object],
) -> Generator[pa.RecordBatch]:
    """Yield the rows of a part, from the first place that has them.

    Where a place fails, the next one is asked for the rows that are missing, and
    the same one again if there is no other: each stream of a flight has one order,
    and a ticket is good for one version of it. Where a place does not answer in
    time, it is not asked again.

    Args:
        connections: To all the places.
        halt: Ends it.
        name: Of the flight, for messages.
        schema: Of each batch, if it is known.
        part: What is read.
        report: Called at the end with what the server has counted besides rows.

    Raises:
        Unsupported: No place is of a kind that can be asked.
        Unavailable: Every place has failed, as often as the client tries.
        Stale: The rows that are missing are not there any more.
    """
    places = connections.at(part.locations, name)
    attempts = connections.attempts(halt)
    command = _command(part.ticket) if part.is_ours else None
    asked, rows = part.ticket, 0
    while True:
        place = places[0]
        try:
            stream = received(
                connections.to(place),
                asked,
                schema,
                name,
                connections.patience,
                halt,
                is_ours=part.is_ours,
                is_counted=command is not None,
                report=report,
            )
            for batch in stream:
                rows += batch.num_rows
                attempts.renew()
                yield batch
        except Torn:
            raise
        except Unavailable as exc:
            if rows and command is None:
                raise  # nobody can tell which rows these were
            places = places[1:] if isinstance(exc, TimedOut) else [*places[1:], place]
            if not places:
                raise
            attempts.after(exc, place, len(places))
            asked = part.ticket if command is None else _rest(command, rows)
        else:
            return


def _command(ticket: bytes) -> Command | None:
    """Return what a ticket says, if one can be written from it that goes on where it broke."""
    try:
        command = Command.parse(ticket)
    except InvalidCommand:
        return None
    return None if command.version is None else command  # a name alone


def _rest(command: Command, rows: int) -> bytes:
    limit = None if command.limit is None else command.limit - rows
    return attrs.evolve(command, offset=command.offset + rows, limit=limit).to_bytes()
