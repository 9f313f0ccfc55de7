"""What clients are told of a flight before they read it."""

import attrs
import pyarrow as pa
from attrs import frozen

from flightstream.errors import FlightStreamError
from flightstream.models import Grant
from flightstream.serving.listing import Entry, Name
from flightstream.serving.lookup import Lookup
from flightstream.serving.planner import Plan, partitions_of
from flightstream.serving.view import visible_schema
from flightstream.wire import Command


@frozen(eq=False)
class FlightDescription:
    """What a client is told of a flight.

    Args:
        path: ``(source, *name)``.
        adapter: The name of the plugin that reads it.
        schema: What a stream will have; ``None`` if that is not known yet.
        tickets: One for each part, in order.
        total_records: Exact, or -1.
        total_bytes: As stored, or -1.
        is_versioned: Whether the tickets' version changes with the data.
    """

    path: Name
    adapter: str
    schema: pa.Schema | None
    tickets: tuple[Command, ...]
    total_records: int
    total_bytes: int
    is_versioned: bool


def listed(lookup: Lookup, entry: Entry, grant: Grant) -> FlightDescription:
    """Describe a flight as far as that is known without reading it."""
    schema = lookup.catalog.known_schema(entry)
    flight = entry.flight
    return FlightDescription(
        path=entry.path,
        adapter=entry.mount.plugin.name,
        schema=None if schema is None else visible_schema(schema, grant),
        tickets=(Command(entry.path),),
        total_records=-1 if grant.rows else flight.total_records,
        total_bytes=-1 if grant.rows else flight.total_bytes,
        is_versioned=bool(flight.version),
    )


def described(command: Command, plan: Plan) -> FlightDescription:
    """Describe a flight as a command asks for it."""
    # Limit and offset count over the whole, so they are not divided.
    whole = command.limit is None and not command.offset
    parts = len(partitions_of(plan, command.partitions)) if whole else 1
    exact = whole and command.filter is None and not plan.filters
    flight = plan.entry.flight
    records = flight.total_records if exact else -1
    return FlightDescription(
        path=plan.entry.path,
        adapter=plan.entry.mount.plugin.name,
        schema=plan.schema,
        tickets=_tickets(command, plan, parts),
        total_records=_records_of(plan) if exact and records < 0 else records,
        total_bytes=-1 if plan.offer.rows else flight.total_bytes,
        is_versioned=bool(flight.version),
    )


def _records_of(plan: Plan) -> int:
    """Return how many rows a flight has; its adapter is asked once for each version."""
    offer = plan.offer
    if offer.records is None:
        try:
            offer.records = plan.entry.mount.estimate_scan(plan.entry.flight, plan.request).records
        except FlightStreamError:  # the log has it; what is wrong with the data, the stream tells
            return -1
    return offer.records


def _tickets(command: Command, plan: Plan, parts: int) -> tuple[Command, ...]:
    ticket = attrs.evolve(command, flight=plan.entry.path, version=plan.offer.version, partitions=1)
    if parts == 1:
        return (ticket,)
    return tuple(
        attrs.evolve(ticket, partition=(part, command.partitions)) for part in range(parts)
    )
