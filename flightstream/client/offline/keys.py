"""Under what names things are kept."""

import hashlib
from contextlib import suppress

import attrs
from attrs import frozen

from flightstream.client.flights import RemoteFlight
from flightstream.errors import InvalidCommand
from flightstream.wire import Command

_BEGINNING = 32


@frozen
class Keys:
    """The names of one owner's files; those of one flight begin alike.

    Args:
        owner: Whose they are.
    """

    owner: bytes

    def beginning(self, path: str) -> str:
        """Return how all names begin that have to do with a path."""
        return self._digest("path", path.encode())[:_BEGINNING]

    def path(self, asked: str) -> str:
        """Return under what it is kept which path a flight has that was asked by this name."""
        return self._of(asked, "name", b"")

    def description(self, command: Command) -> str:
        """Return under what it is kept what a flight was described as.

        Raises:
            UnicodeEncodeError: The command is not UTF-8 text.
        """
        return self._of("/".join(command.flight), "flight", command.to_bytes())

    def rows(self, flight: RemoteFlight) -> str | None:
        """Return under what the rows of a flight are kept, whatever their version and parts."""
        if flight.adapter is None:  # its tickets say nothing
            return self._of(flight.name, "rows by name", b"") if flight.is_whole else None
        with suppress(InvalidCommand, IndexError):
            asked = attrs.evolve(Command.parse(flight.tickets[0]), version=None)
            if flight.is_whole:
                asked = attrs.evolve(asked, partition=None)
            return self._of(flight.name, "rows", asked.to_bytes())
        return None

    def _of(self, path: str, kind: str, asked: bytes) -> str:
        return f"{self.beginning(path)}-{self._digest(kind, asked)}"

    def _digest(self, kind: str, asked: bytes) -> str:
        return hashlib.sha256(repr((self.owner, kind, asked)).encode()).hexdigest()
