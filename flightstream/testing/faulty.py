"""An adapter that fails where it is told to."""

from collections.abc import Iterator
from threading import Event
from typing import Literal, TypeAlias

import pyarrow as pa
from attrs import field

from flightstream.errors import InvalidData, Unavailable
from flightstream.hookspecs import hookimpl
from flightstream.models import Flight
from flightstream.plugin import ByteSize, adapter, option
from flightstream.storage import Source

Fault: TypeAlias = Literal[
    "none", "crash", "unavailable", "invalid_data", "stall", "other_schema", "huge_batch"
]
FaultyHook: TypeAlias = Literal["on_startup", "list_flights", "get_schema", "stream_batches"]

SCHEMA = pa.schema([("n", pa.int64()), ("name", pa.string())])
_OTHER = pa.schema([("n", pa.string())])


@adapter
class FaultyAdapter:
    """Serves a flight ``numbers`` at any source, and goes wrong at a chosen point.

    For tests of services and clients: ``serve(MyService, FaultyAdapter, folder,
    config={"plugins": {"enabled": [], "faulty": {"fault": "stall"}}})``. Without
    a fault it keeps every law of adapters. The row ``i`` of ``numbers`` is
    ``(i, "name i")``. What stalls goes on when the server stops.

    .. versionadded:: 0.1
    """

    source: Source
    fault: Fault = option(
        "none",
        help="What goes wrong: an exception that is none of FlightStream's, an error that is one,"
        " no answer, a schema that is not the announced one, or a batch of huge_bytes.",
    )
    hook: FaultyHook = option("stream_batches", help="Where it goes wrong.")
    after_batches: int = option(
        1, help="How many batches are right before it goes wrong in stream_batches.", minimum=0
    )
    batches: int = option(4, help="How many batches the flight has.", minimum=0)
    batch_rows: int = option(8, help="How many rows a batch has.", minimum=1)
    huge_bytes: ByteSize = option(ByteSize(64 * 2**20), help="The size of a huge batch.")

    _stopped: Event = field(factory=Event, init=False, repr=False)

    @hookimpl
    def on_startup(self) -> None:
        """Fail, if it is here."""
        self._stopped.clear()
        self._go_wrong("on_startup")

    @hookimpl
    def on_shutdown(self) -> None:
        """Let go whoever stalls."""
        self._stopped.set()

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        """Yield the one flight."""
        self._go_wrong("list_flights")
        is_lying = self.hook == "list_flights" and self.fault == "other_schema"
        yield Flight(
            "numbers",
            version=f"{self.batches}-{self.batch_rows}",
            schema=_OTHER if is_lying else None,
            total_records=self.batches * self.batch_rows,
        )

    @hookimpl
    def get_schema(self) -> pa.Schema:
        """Return the schema, or another one."""
        self._go_wrong("get_schema")
        is_lying = self.hook == "get_schema" and self.fault == "other_schema"
        return _OTHER if is_lying else SCHEMA

    @hookimpl
    def stream_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, until it goes wrong."""
        for number in range(self.batches):
            if number == self.after_batches and self.hook == "stream_batches":
                self._go_wrong("stream_batches")
                if self.fault == "other_schema":
                    yield pa.RecordBatch.from_pydict({"n": ["one"]}, schema=_OTHER)
                if self.fault == "huge_batch":
                    yield _huge(self.huge_bytes)
            start = number * self.batch_rows
            numbers = range(start, start + self.batch_rows)
            yield pa.RecordBatch.from_pydict(
                {"n": list(numbers), "name": [f"name {n}" for n in numbers]}, schema=SCHEMA
            )

    def _go_wrong(self, hook: FaultyHook) -> None:
        if hook != self.hook:
            return
        match self.fault:
            case "crash":
                raise RuntimeError(f"a fault that was asked for, in {hook}")
            case "unavailable":
                raise Unavailable("a fault that was asked for", retry_after_seconds=1.0)
            case "invalid_data":
                raise InvalidData("a fault that was asked for", row=1, column="n", value="one")
            case "stall":
                self._stopped.wait()


def _huge(size: int) -> pa.RecordBatch:
    """Return a batch of one row of a size, which cannot be cut any further."""
    return pa.RecordBatch.from_pydict({"n": [0], "name": ["x" * size]}, schema=SCHEMA)
