"""What a command would do, told without doing it."""

from typing import Any

from flightstream.models import Identity
from flightstream.serving.lookup import Lookup
from flightstream.serving.planner import make_plan, partitions_of
from flightstream.wire import Command


def explain(lookup: Lookup, identity: Identity, body: bytes) -> dict[str, Any]:
    """Return what the adapter does of a command itself, what the core does, and what is read.

    Args:
        lookup: The flights.
        identity: Who asks. Of a flight with a row grant no number is told.
        body: A command, as GetFlightInfo takes it.
    """
    command = Command.parse(body)
    entry, grant = lookup.find(identity, command.flight, "read")
    plan = make_plan(entry, lookup.offer(entry, grant, command.flight), command)
    request = plan.request
    columns = None
    if request.columns is not None:
        # A row grant, or a command for no column, makes the core read hidden ones.
        columns = [name for name in request.columns if name in plan.offer.view.schema.names]
    explained = {
        "flight": str(entry),
        "adapter": entry.mount.plugin.name,
        "version": plan.offer.version,
        "columns": plan.schema.names,
        "pushed_down": {
            "columns": columns,
            "filter": None if request.filter is None else str(request.filter),
            "limit": request.limit,
            "offset": request.offset,
        },
        "left_to_the_core": {
            "filter": command.filter if command.filter and request.filter is None else None,
            "limit": plan.limit if request.limit is None else None,
            "offset": plan.offset,
        },
    }
    if not grant.rows:
        estimate = entry.mount.estimate_scan(entry.flight, request)
        explained["reads"] = {**estimate.details, "bytes": estimate.bytes}
        explained["records"] = -1 if plan.filters else estimate.records
        explained["partitions"] = len(partitions_of(plan, command.partitions))
    return explained
