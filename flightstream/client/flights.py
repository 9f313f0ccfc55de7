"""Flights as a client asks for them, and as a server describes them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypedDict

import pyarrow as pa
from attrs import field, frozen

from flightstream.client.stream import as_json
from flightstream.wire import Command


class Selection(TypedDict, total=False):
    """What may be asked of a flight, as keywords; without any, it is all of it.

    Args:
        columns: The columns wanted, in this order.
        filter: SQL, for example ``"fare > 10 AND city IN ('Oslo')"``.
        limit: The greatest number of rows.
        offset: How many rows to leave out first.
    """

    columns: Sequence[str] | None
    filter: str | None
    limit: int | None
    offset: int


@frozen(eq=False)
class RemoteFlight:
    """A flight as the server describes it.

    Args:
        name: The path, ``sales/2024/orders``.
        schema: ``None`` in a listing, if the server does not know it yet.
        total_records: Exact number of rows, or -1.
        total_bytes: Size as stored, or -1.
        adapter: The plugin that reads it, where the server tells.
        tickets: One for each part; their rows in order are the flight.
        locations: The URIs at which each ticket may be read, the first of them
            to be tried at first; none means where it came from.
    """

    name: str
    schema: pa.Schema | None = field(repr=False)
    total_records: int
    total_bytes: int
    adapter: str | None
    tickets: tuple[bytes, ...] = field(repr=False)
    locations: tuple[tuple[str, ...], ...] = field(repr=False)


def command_for(
    name: str,
    partitions: int,
    *,
    columns: Sequence[str] | None = None,
    filter: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Command:
    """Return the command that asks a selection of a flight."""
    return Command(
        tuple(name.split("/")),
        columns=None if columns is None else tuple(columns),
        filter=filter,
        limit=limit,
        offset=offset,
        partitions=partitions,
    )


@lru_cache(64)  # they are a few for any number of flights
def _adapter_of(metadata: bytes | None) -> str | None:
    return as_json(metadata).get("adapter")


def described_by(info: Any) -> RemoteFlight:
    """Return what Arrow's description of a flight says."""
    path = info.descriptor.path or []
    return RemoteFlight(
        name=b"/".join(path).decode(),
        schema=info.schema,
        total_records=info.total_records,
        total_bytes=info.total_bytes,
        adapter=_adapter_of(info.app_metadata),
        tickets=tuple(endpoint.ticket.ticket for endpoint in info.endpoints),
        locations=tuple(
            tuple(location.uri.decode() for location in endpoint.locations)
            for endpoint in info.endpoints
        ),
    )
