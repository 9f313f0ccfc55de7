"""What an adapter does of a command itself, and what is left to the core."""

import hashlib
from difflib import get_close_matches
from typing import Any

import attrs
import pyarrow as pa
import structlog
from attrs import frozen

from flightstream.errors import FlightStreamError, InvalidCommand, PluginError, Stale
from flightstream.filters import Filter
from flightstream.models import Grant, ScanRequest
from flightstream.serving.listing import Entry
from flightstream.wire import Command

log = structlog.get_logger(__name__)


@frozen(eq=False)
class Plan:
    """How one command will be carried out.

    Args:
        entry: The flight.
        schema: What the client gets.
        version: The digest that tickets carry.
        request: What the adapter is asked, within its pushdown.
        expected: The schema that the adapter's batches must have.
        filters: Left to the core, in this order: the grant's, then the
            client's, which so never sees a hidden row.
        offset: Left to the core, after the filters.
        limit: Left to the core, after the offset.
        grant: What the client may see: nothing may tell of the rest.
    """

    entry: Entry
    schema: pa.Schema
    version: str
    request: ScanRequest
    expected: pa.Schema
    filters: tuple[Filter, ...]
    offset: int
    limit: int | None
    grant: Grant


def make_plan(entry: Entry, schema: pa.Schema, command: Command, grant: Grant) -> Plan:
    """Plan a command.

    Args:
        entry: The flight that the command means.
        schema: The flight's whole schema.
        command: What the client asks.
        grant: What the client may see.

    Raises:
        InvalidCommand: A column or the filter does not fit what is visible.
        PluginError: The grant's row filters do not fit the flight.
        Stale: The ticket was made for another version.
    """
    version = version_of(entry, schema, grant)
    if command.version not in (None, version):
        raise Stale(f"the flight {str(entry)!r} changed since the ticket was made: ask again")
    visible = visible_schema(schema, grant)
    columns = _check_columns(command.columns, visible)
    hidden_rows = _bind_granted(grant, schema, entry)
    wanted = None if command.filter is None else Filter.bind(command.filter, visible)

    able = entry.mount.pushdown
    push_filter = wanted is not None and "filter" in able and not hidden_rows
    left = hidden_rows + ((wanted,) if wanted is not None and not push_filter else ())
    push_offset = "offset" in able and not left
    push_limit = "limit" in able and not left and (push_offset or not command.offset)
    read = _columns_to_read(columns, left, schema) if "columns" in able else None
    return Plan(
        entry=entry,
        schema=_project(visible, columns),
        version=version,
        request=ScanRequest(
            columns=read,
            filter=wanted if push_filter else None,
            limit=command.limit if push_limit else None,
            offset=command.offset if push_offset else 0,
        ),
        expected=schema if read is None else _project(schema, read),
        filters=left,
        offset=0 if push_offset else command.offset,
        limit=command.limit,
        grant=grant,
    )


def with_partition(plan: Plan, partition: tuple[int, int]) -> Plan:
    """Narrow a plan to one part of the flight.

    Raises:
        InvalidCommand: There is no such part.
    """
    parts = partitions_of(plan, partition[1])
    if partition[0] >= len(parts):
        raise InvalidCommand(
            f"the flight {str(plan.entry)!r} has no part {list(partition)} for this command"
        )
    request = attrs.evolve(plan.request, partition=parts[partition[0]])
    return attrs.evolve(plan, request=request)


def partitions_of(plan: Plan, target: int) -> list[Any]:
    """Return the parts that a plan can be read in; ``[None]`` is the whole."""
    if target == 1 or "partitions" not in plan.entry.mount.pushdown:
        return [None]
    parts = plan.entry.mount.plan_partitions(plan.entry.flight, plan.request, target)
    return list(parts) if parts else [None]


def visible_schema(schema: pa.Schema, grant: Grant) -> pa.Schema:
    """Return the part of a schema that a grant shows."""
    if grant.shows_all_columns and not grant.rows:
        return schema
    columns = tuple(filter(grant.shows, schema.names))
    # That of pandas names all columns, and an index of it counts all rows.
    return _project(schema, columns).remove_metadata()


def version_of(entry: Entry, schema: pa.Schema, grant: Grant) -> str:
    """Return a digest of all that decides what a ticket reads, alike on every replica."""
    digest = hashlib.sha256()
    columns = None if grant.columns is None else sorted(grant.columns)
    hidden = sorted(grant.hidden)
    plugin = entry.mount.plugin
    for part in (entry.flight.version, plugin.name, plugin.options, columns, hidden, grant.rows):
        digest.update(repr(part).encode())
    digest.update(schema.serialize())
    return digest.hexdigest()[:16]


def _bind_granted(grant: Grant, schema: pa.Schema, entry: Entry) -> tuple[Filter, ...]:
    try:
        return tuple(Filter.bind(rows, schema) for rows in grant.rows)
    except FlightStreamError as exc:
        # It would tell the client what is hidden.
        log.error("row_grant_does_not_fit", flight=str(entry), error=exc.message)
        raise PluginError(
            f"a row filter that a plugin granted does not fit the flight {str(entry)!r}"
        ) from None


def _check_columns(columns: tuple[str, ...] | None, visible: pa.Schema) -> tuple[str, ...]:
    for column in columns or ():
        if column not in visible.names:
            near = get_close_matches(column, visible.names, 1)
            listed = ", ".join(map(repr, visible.names[:10]))
            more = f" and {len(visible.names) - 10} more" if len(visible.names) > 10 else ""
            hint = f"did you mean {near[0]!r}?" if near else f"there are {listed}{more}"
            raise InvalidCommand(f"there is no column {column[:100]!r}: {hint}")
    return tuple(visible.names) if columns is None else columns


def _columns_to_read(
    columns: tuple[str, ...], left: tuple[Filter, ...], schema: pa.Schema
) -> tuple[str, ...] | None:
    needed = dict.fromkeys(columns)
    for row_filter in left:
        needed |= dict.fromkeys(sorted(row_filter.columns))
    # A batch must have a column to have rows in every format; one is dropped again.
    read = tuple(needed) or tuple(schema.names[:1])
    return None if read == tuple(schema.names) else read


def _project(schema: pa.Schema, columns: tuple[str, ...]) -> pa.Schema:
    return pa.schema([schema.field(name) for name in columns], schema.metadata)
