"""What an adapter does of a command itself, and what is left to the core."""

from difflib import get_close_matches
from typing import Any

import attrs
import pyarrow as pa
from attrs import frozen

from flightstream.errors import InvalidCommand, Stale
from flightstream.filters import Filter
from flightstream.models import ScanRequest
from flightstream.narrow import Step
from flightstream.serving.listing import Entry
from flightstream.serving.offer import Offer
from flightstream.serving.view import View
from flightstream.wire import Command


@frozen(eq=False)
class Plan:
    """How one command will be carried out.

    Args:
        entry: The flight.
        offer: What is shown of it: nothing may tell of the rest.
        schema: What the client gets.
        request: What the adapter is asked, within its pushdown.
        expected: The schema that the adapter's batches must have.
        steps: Left to the core, in this order: the grant's filters, its masks,
            then the client's filter, which so never sees what is hidden.
        offset: Left to the core, after the steps.
        limit: Left to the core, after the offset.
    """

    entry: Entry
    offer: Offer
    schema: pa.Schema
    request: ScanRequest
    expected: pa.Schema
    steps: tuple[Step, ...]
    offset: int
    limit: int | None

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Those that are left to the core."""
        return tuple(step for step in self.steps if isinstance(step, Filter))

    @property
    def residual(self) -> tuple[str, ...]:
        """What of the command and the grant the core does, as observers are told."""
        granted = len(self.offer.rows)
        left = {
            "columns": self.request.columns is None and self.schema.names != self.expected.names,
            "filter": len(self.filters) > granted,
            "limit": self.limit is not None and self.request.limit is None,
            "masks": any(isinstance(step, View) for step in self.steps),
            "offset": self.offset > 0,
            "rows": granted > 0,
        }
        return tuple(name for name, is_left in left.items() if is_left)


def make_plan(entry: Entry, offer: Offer, command: Command) -> Plan:
    """Plan a command.

    Args:
        entry: The flight that the command means.
        offer: What the client may see of it.
        command: What the client asks.

    Raises:
        InvalidCommand: A column or the filter does not fit what is visible.
        Stale: The ticket was made for another version.
    """
    if command.version not in (None, offer.version):
        raise Stale(f"the flight {str(entry)!r} changed since the ticket was made: ask again")
    schema, view, hidden_rows = offer.schema, offer.view, offer.rows
    columns = _check_columns(command.columns, view.schema)
    wanted = None if command.filter is None else Filter.bind(command.filter, view.schema)

    able = entry.mount.pushdown
    # What an adapter prunes by is what its files say, not what a mask leaves.
    can_push = "filter" in able and not hidden_rows
    push_filter = wanted is not None and can_push and not wanted.columns & view.masks.keys()
    left_wanted = (wanted,) if wanted is not None and not push_filter else ()
    left = hidden_rows + left_wanted
    push_offset = "offset" in able and not left
    push_limit = "limit" in able and not left and (push_offset or not command.offset)
    read = _columns_to_read(columns, left, schema) if "columns" in able else None
    return Plan(
        entry=entry,
        offer=offer,
        schema=_project(view.schema, columns),
        request=ScanRequest(
            columns=read,
            filter=wanted if push_filter else None,
            limit=command.limit if push_limit else None,
            offset=command.offset if push_offset else 0,
        ),
        expected=schema if read is None else _project(schema, read),
        steps=(*hidden_rows, *((view,) if view.masks else ()), *left_wanted),
        offset=0 if push_offset else command.offset,
        limit=command.limit,
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
    if list(columns) == schema.names:
        return schema
    return pa.schema([schema.field(name) for name in columns], schema.metadata)
