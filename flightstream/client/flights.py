"""Flights as a server describes them."""

from typing import Any

import attrs
import pyarrow as pa
from attrs import field, frozen

from flightstream.client.metadata import as_json
from flightstream.client.wanted import Rest


@frozen(eq=False)
class RemoteFlight:
    """A flight as the server describes it.

    It can be pickled, and read by another process with its own client.

    Args:
        name: The path, ``sales/2024/orders``.
        schema: ``None`` in a listing, if the server does not know it yet.
        total_records: Exact number of rows, or -1.
        total_bytes: Size as stored, or -1.
        adapter: The plugin that reads it, where the server tells.
        tickets: One for each part; their rows in order are the flight.
        locations: The URIs at which each ticket may be read, the first of them
            to be tried at first; none means where it came from.
        sent_schema: What the server sends, where the client has to do the rest.
        rest: What of the selection that is.
    """

    name: str
    schema: pa.Schema | None = field(repr=False)
    total_records: int
    total_bytes: int
    adapter: str | None
    tickets: tuple[bytes, ...] = field(repr=False)
    locations: tuple[tuple[str, ...], ...] = field(repr=False)
    sent_schema: pa.Schema | None = field(default=None, repr=False)
    rest: Rest | None = field(default=None, repr=False)

    @property
    def parts(self) -> tuple["RemoteFlight", ...]:
        """The same in parts, one for each ticket, to be read wherever it suits.

        There is one where the client itself has to count rows, to a limit or offset.
        """
        if len(self.tickets) == 1 or (self.rest is not None and self.rest.is_of_the_whole):
            return (self,)
        return tuple(
            attrs.evolve(
                self, tickets=(ticket,), locations=(places,), total_records=-1, total_bytes=-1
            )
            for ticket, places in zip(self.tickets, self.locations, strict=True)
        )

    def left(self, rest: Rest) -> "RemoteFlight":
        """Return it as it is when the client has done the rest."""
        if self.schema is None:
            return attrs.evolve(self, rest=rest)
        return attrs.evolve(
            self,
            schema=rest.schema(self.schema),
            sent_schema=self.schema,
            rest=rest,
            total_records=-1 if rest.is_of_rows else self.total_records,
        )


def described_by(info: Any) -> RemoteFlight:
    """Return what Arrow's description of a flight says."""
    descriptor = info.descriptor
    path = b"/".join(descriptor.path or [descriptor.command or b""])
    return RemoteFlight(
        name=path.decode(errors="replace"),
        schema=info.schema,
        total_records=info.total_records,
        total_bytes=info.total_bytes,
        adapter=as_json(info.app_metadata).get("adapter"),
        tickets=tuple(endpoint.ticket.ticket for endpoint in info.endpoints),
        locations=tuple(
            tuple(location.uri.decode() for location in endpoint.locations)
            for endpoint in info.endpoints
        ),
    )
