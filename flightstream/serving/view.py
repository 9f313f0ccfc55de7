"""A flight as a grant shows it."""

from collections.abc import Mapping

import pyarrow as pa
from attrs import frozen

from flightstream.filters import Filter
from flightstream.models import Grant, Mask


@frozen(eq=False)
class View:
    """The columns that a grant shows, and the masks before them.

    Args:
        schema: What is visible, masked columns as they are after their masks.
        masks: By visible column.
    """

    schema: pa.Schema
    masks: Mapping[str, Mask]

    @classmethod
    def of(cls, schema: pa.Schema, grant: Grant) -> "View":
        """Return what a grant shows of a schema; what a mask does not fit is hidden."""
        if grant == Grant():
            return cls(schema, {})
        fields, masks = [], {}
        for stored in filter(lambda known: grant.shows(known.name), schema):
            mask = grant.masks.get(stored.name)
            masked = stored if mask is None else mask.masked_field(stored)
            if masked is not None:
                fields.append(masked)
            if mask is not None and masked is not None:
                masks[stored.name] = mask
        # Metadata of pandas names all columns, and an index of it counts all rows.
        return cls(pa.schema(fields), masks)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of the flight with its masked columns replaced."""
        fields, columns = list(batch.schema), list(batch.columns)
        for number, stored in enumerate(batch.schema):
            if (mask := self.masks.get(stored.name)) is not None:
                fields[number] = mask.masked_field(stored)
                columns[number] = mask.apply(columns[number])
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def visible_schema(schema: pa.Schema, grant: Grant) -> pa.Schema:
    """Return a schema as a grant shows it."""
    return View.of(schema, grant).schema


def bind_rows(schema: pa.Schema, grant: Grant) -> tuple[Filter, ...]:
    """Return the row filters of a grant, bound to the whole schema of a flight.

    Raises:
        FlightStreamError: One does not fit the flight; what it says tells of
            what may be hidden.
    """
    return tuple(Filter.bind(rows, schema) for rows in grant.rows)
