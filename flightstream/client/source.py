"""A flight as what asks for columns and rows reads it: anew each time."""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from flightstream.client.flights import RemoteFlight
from flightstream.client.wanted import Fitted
from flightstream.errors import InvalidCommand, Stale

if TYPE_CHECKING:
    from flightstream.client.client import Client


@frozen
class FlightSource:
    """Reads columns and rows of one flight.

    Args:
        client: Reads them.
        described: The flight, as it was when this was made.
        partitions: Into how many parts to cut what is read.
    """

    client: "Client"
    described: RemoteFlight
    partitions: int = 1

    @property
    def name(self) -> str:
        """The flight's path."""
        return self.described.name

    @property
    def schema(self) -> pa.Schema:
        """The flight's schema."""
        return self.described.schema

    def chosen(self, columns: Sequence[str] | None) -> pa.Schema:
        """Return the schema of some columns; ``None`` means all.

        Raises:
            InvalidCommand: There is no such column.
        """
        if columns is None:
            return self.schema
        for name in columns:
            if len(self.schema.get_all_field_indices(name)) != 1:
                raise InvalidCommand(f"there is no column {name!r}, or more than one")
        fields = [self.schema.field(name) for name in columns]
        return pa.schema(fields, self.schema.metadata)

    def batches(
        self, columns: Sequence[str] | None, where: pc.Expression | None, limit: int | None
    ) -> Generator[pa.RecordBatch]:
        """Yield the batches of what is asked for.

        Raises:
            Stale: The flight has other columns by now.
        """
        described = self.client.info(
            self.name,
            partitions=self.partitions,
            columns=columns,
            filter=None if where is None else Fitted.to(self.schema, where),
            limit=limit,
        )
        if described.schema != self.chosen(columns):
            raise Stale(
                f"the columns of {self.name!r} have changed since the dataset was made:"
                " make it again"
            )
        yield from self.client.batches(described)

    def total_records(self) -> int:
        """Return how many rows the server says there are; below zero, it does not know."""
        return self.client.info(self.name).total_records
