"""A flight on its way: from the server, or from where it is kept."""

from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Any

import pyarrow as pa
from attrs import frozen

from flightstream.client.connection import Connections
from flightstream.client.events import Recalled
from flightstream.client.flights import RemoteFlight
from flightstream.client.halt import Halt
from flightstream.client.offline import Keeper, recalled
from flightstream.client.parallel import read_together
from flightstream.client.parts import Part, read_part
from flightstream.client.received import warn_of
from flightstream.client.stream import Stream, counted


@frozen
class Reading:
    """How a flight is read.

    Args:
        connections: To the server.
        keeper: Keeps what is read, if that is wanted.
        halt: Ends it.
        ordered: Whether the rows keep the flight's order.
        buffer_bytes: About how much may wait.
    """

    connections: Connections
    keeper: Keeper | None
    halt: Halt
    ordered: bool
    buffer_bytes: float

    def stream(self, described: RemoteFlight, *, is_new: bool) -> Stream:
        """Return the batches of a flight as they come.

        Args:
            described: The flight.
            is_new: Whether it was described just now.
        """
        entry = None if self.keeper is None else self.keeper.rows(described, is_new=is_new)
        if entry is None:
            return self._streamed(described, self._sent(described), None)
        kept = described.of_rows(entry.schema, entry.label.total_records)
        is_away = described.age_seconds is not None
        self.connections.tell(Recalled(described.name, entry.age_seconds, is_away))
        return self._streamed(kept, recalled(entry, self.halt), entry.age_seconds)

    def _sent(self, described: RemoteFlight) -> Generator[pa.RecordBatch]:
        """Return what the server sends, which is kept meanwhile where that is wanted."""
        rest = described.rest
        schema = described.schema if rest is None else described.sent_schema
        in_order = self.ordered or (rest is not None and rest.is_of_the_whole)
        reported: list[Mapping[str, Any]] = []

        def report(counts: Mapping[str, Any]) -> None:
            warn_of(described.name, counts)
            reported.append(counts)

        is_ours = described.adapter is not None
        parts = [
            partial(self._part, described.name, schema, Part(ticket, places, is_ours), report)
            for ticket, places in zip(described.tickets, described.locations, strict=True)
        ]
        if len(parts) == 1:
            in_order, batches = True, parts[0](self.halt)
        else:
            batches = read_together(
                parts, self.halt, ordered=in_order, buffer_bytes=self.buffer_bytes
            )
        # Of rows without an order, nobody could tell later which they are.
        if self.keeper is None or schema is None or not in_order:
            return batches
        return self.keeper.kept(batches, described, schema, reported)

    def _part(
        self,
        name: str,
        schema: pa.Schema | None,
        part: Part,
        report: Callable[[Mapping[str, Any]], object],
        halt: Halt,
    ) -> Generator[pa.RecordBatch]:
        return read_part(self.connections, halt, name, schema, part, report)

    def _streamed(
        self,
        described: RemoteFlight,
        batches: Generator[pa.RecordBatch],
        age_seconds: float | None,
    ) -> Stream:
        """Return batches with what the client has to do of them."""
        if described.rest is not None:
            batches = described.rest.apply(batches, described.sent_schema)
        total = None if described.total_records < 0 else described.total_records
        told = counted(batches, described.name, total, self.connections.tell)
        return Stream(described.schema, told, self.halt, age_seconds)
