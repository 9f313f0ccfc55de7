"""Flights as a server describes them."""

from functools import lru_cache
from typing import Any

import attrs
import pyarrow as pa
from attrs import field, frozen

from flightstream.client.html import html_schema, html_table
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
        is_versioned: Whether the tickets' version changes with the data.
        is_whole: Whether the tickets are all that there are.
        age_seconds: Where the server is away, how long ago it said this; see
            :class:`~flightstream.client.Offline`.
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
    is_versioned: bool = field(default=True, repr=False)
    is_whole: bool = field(default=True, repr=False)
    age_seconds: float | None = None

    @property
    def parts(self) -> tuple["RemoteFlight", ...]:
        """The same in parts, one for each ticket, to be read wherever it suits.

        There is one where the client itself has to count rows, to a limit or offset.
        """
        if len(self.tickets) == 1 or (self.rest is not None and self.rest.is_of_the_whole):
            return (self,)
        return tuple(
            attrs.evolve(
                self,
                tickets=(ticket,),
                locations=(places,),
                total_records=-1,
                total_bytes=-1,
                is_whole=False,
            )
            for ticket, places in zip(self.tickets, self.locations, strict=True)
        )

    def _repr_html_(self) -> str:
        known = [*filter(None, [self.adapter, *_sizes(self)])]
        if self.age_seconds is not None:
            known.append(f"as it was {self.age_seconds:,.0f} seconds ago")
        caption = f"{self.name} ({', '.join(known)})" if known else self.name
        return html_schema(pa.schema([]) if self.schema is None else self.schema, caption)

    def of_rows(self, schema: pa.Schema, total_records: int) -> "RemoteFlight":
        """Return it as it is with other rows: those that were kept."""
        kept = attrs.evolve(self, schema=schema, total_records=total_records)
        return kept if self.rest is None else kept.left(self.rest)

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


class Flights(list[RemoteFlight]):
    """A list that notebooks show as a table."""

    def _repr_html_(self) -> str:
        rows = [[one.name, one.adapter or "", *_sizes(one)] for one in self]
        return html_table(["name", "adapter", "rows", "size"], rows)


@frozen
class Answer:
    """How a server has described a flight.

    Args:
        flight: What it said.
        is_plain: Whether it takes no commands: then it is the whole flight, whatever was asked.
    """

    flight: RemoteFlight
    is_plain: bool


def _sizes(flight: RemoteFlight) -> tuple[str, str]:
    return _counted(flight.total_records, "row"), _counted(flight.total_bytes, "byte")


def _counted(number: int, noun: str) -> str:
    if number < 0:
        return ""
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"


@lru_cache(64)  # they are a few for any number of flights
def _told(metadata: bytes | None) -> tuple[str | None, bool]:
    document = as_json(metadata)
    return document.get("adapter"), document.get("versioned") is not False


def described_by(info: Any) -> RemoteFlight:
    """Return what Arrow's description of a flight says."""
    descriptor = info.descriptor
    path = b"/".join(descriptor.path or [descriptor.command or b""])
    adapter, is_versioned = _told(info.app_metadata)
    return RemoteFlight(
        name=path.decode(errors="replace"),
        schema=info.schema,
        total_records=info.total_records,
        total_bytes=info.total_bytes,
        adapter=adapter,
        tickets=tuple(endpoint.ticket.ticket for endpoint in info.endpoints),
        locations=tuple(
            tuple(location.uri.decode() for location in endpoint.locations)
            for endpoint in info.endpoints
        ),
        is_versioned=is_versioned,
    )
