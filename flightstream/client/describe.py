"""GetFlightInfo, of servers of ours and of others."""

from collections.abc import Iterator
from typing import Any

import attrs
import pyarrow as pa
from attrs import define
from pyarrow import flight

from flightstream.client.connection import Connections
from flightstream.client.errors import typed_errors
from flightstream.client.flights import Answer, RemoteFlight, described_by
from flightstream.client.halt import Halt
from flightstream.client.offline import Keeper
from flightstream.client.wanted import Rest, Selection, divided
from flightstream.errors import (
    FlightStreamError,
    InvalidData,
    LimitExceeded,
    Unauthenticated,
    Unavailable,
)
from flightstream.wire import Command

# What other servers answer to a command that is JSON, besides what tells nothing of it.
_NOT_OF_THE_COMMAND = (Unavailable, Unauthenticated, LimitExceeded)


@define
class Describer:
    """Asks for flights, as much as the server understands.

    Args:
        connections: To the server.
        halt: Ends it.
        keeper: Keeps what they are described as, for when the server is away.
    """

    connections: Connections
    halt: Halt
    keeper: Keeper | None = None

    def describe(self, name: str, partitions: int, selection: Selection) -> RemoteFlight:
        """Return a flight, with what is asked of it."""
        wanted = Rest.of(selection)
        command, rest = divided(name, partitions, wanted)

        def ask() -> Answer:
            return self._answer(command, name)

        answer = ask() if self.keeper is None else self.keeper.answer(command, ask)
        if answer.is_plain:
            rest = wanted
        return answer.flight if rest is None else answer.flight.left(rest)

    def _answer(self, command: Command, name: str) -> Answer:
        if self.connections.takes_commands:
            described = self._commanded(command)
            if described is not None:
                return Answer(described, is_plain=False)
        return Answer(self._plain(name), is_plain=True)

    def _commanded(self, command: Command) -> RemoteFlight | None:
        """Ask in the way of FlightStream; ``None`` if the server is not of that kind."""
        with typed_errors():
            sent = command.to_bytes()
        try:
            described = self._ask(flight.FlightDescriptor.for_command(sent))
        except _NOT_OF_THE_COMMAND:
            raise
        except FlightStreamError as exc:
            if exc.call is not None:  # it has understood
                raise
            return None
        # One that takes any bytes for a name has not understood either.
        return None if described.adapter is None else described

    def _plain(self, name: str) -> RemoteFlight:
        first: FlightStreamError | None = None
        for descriptor in _descriptors(name):
            try:
                described = self._ask(descriptor)
            except _NOT_OF_THE_COMMAND:
                raise
            except FlightStreamError as exc:
                first = first or exc
            else:
                self.connections.takes_commands = described.adapter is not None
                named = attrs.evolve(described, name=name)
                return named if named.schema else self._with_schema(named)
        assert first is not None
        raise _understood(first, name, self.connections.uri) from first

    def _with_schema(self, described: RemoteFlight) -> RemoteFlight:
        """Learn the schema from the stream, where the description has none."""
        if not described.tickets:
            raise InvalidData(f"{self.connections.uri} tells no schema of {described.name!r}")
        ticket = described.tickets[0]
        places = self.connections.at(described.locations[0], described.name)

        def ask(client: Any, options: Any) -> pa.Schema:
            reader = client.do_get(flight.Ticket(ticket), options)
            reader.cancel()
            return reader.schema

        return attrs.evolve(described, schema=self.connections.to(places[0]).ask(ask))

    def _ask(self, descriptor: Any) -> RemoteFlight:
        return self.connections.ask(
            self.halt,
            lambda client, options: described_by(client.get_flight_info(descriptor, options)),
        )


def _descriptors(name: str) -> Iterator[Any]:
    """Yield what a name may be to a server that has its own idea of names."""
    parts = name.split("/")
    yield flight.FlightDescriptor.for_path(*parts)
    if len(parts) > 1:
        yield flight.FlightDescriptor.for_path(name)
    yield flight.FlightDescriptor.for_command(name.encode())


def _understood(error: FlightStreamError, name: str, uri: str) -> FlightStreamError:
    return type(error)(f"{uri} does not know {name!r}: {error.message}")
