"""An adapter that fails where it is told to."""

from collections.abc import Iterator
from threading import Event
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
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
_ANSWERS = ("list_flights", "get_schema", "stream_batches")
_ONLY_IN = {"stall": _ANSWERS, "other_schema": _ANSWERS, "huge_batch": ("stream_batches",)}


def _check_possible(adapter: Any, _attribute: object, hook: FaultyHook) -> None:
    hooks = _ONLY_IN.get(adapter.fault, (hook,))
    if hook not in hooks:
        raise ValueError(f"the fault {adapter.fault!r} is possible only in {' and '.join(hooks)}")


@adapter
class FaultyAdapter:
    """Serves a flight ``numbers`` at any source, and goes wrong at a chosen point.

    For tests of services and clients: ``serve(MyService, FaultyAdapter, folder,
    config={"plugins": {"enabled": [], "faulty": {"fault": "stall"}}})``. Without
    a fault it keeps every law of adapters. The row ``i`` of ``numbers`` is
    ``(i, "name i")``.

    What stalls goes on when the server stops. A schema that is not the announced
    one fails the reading, wherever it comes from. A huge batch has one row.

    .. versionadded:: 0.1
    """

    source: Source
    fault: Fault = option(
        "none",
        help="What goes wrong: an exception that is none of FlightStream's, an error that is one,"
        " no answer, a schema that is not the announced one, or a batch of huge_bytes.",
    )
    hook: FaultyHook = option(
        "stream_batches", help="Where it goes wrong.", validator=_check_possible
    )
    after_batches: int = option(
        1,
        help="How many batches are right before it goes wrong in stream_batches; if there are"
        " fewer, it goes wrong after the last one.",
        minimum=0,
    )
    batches: int = option(4, help="How many batches the flight has.", minimum=0)
    batch_rows: int = option(8, help="How many rows a batch has.", minimum=1)
    huge_bytes: ByteSize = option(
        ByteSize(128 * 2**20), help="The size of a huge batch; by default more than a server sends."
    )

    _stopped: Event = field(factory=Event, init=False, repr=False)

    @hookimpl
    def on_startup(self) -> None:
        """Fail, if it is here."""
        self._stopped.clear()
        self._fail("on_startup")

    @hookimpl
    def on_shutdown(self) -> None:
        """Let go whoever stalls."""
        self._stopped.set()

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        """Yield the one flight."""
        self._fail("list_flights")
        yield Flight(
            "numbers",
            version=f"{self.batches}-{self.batch_rows}",
            schema=_OTHER if self._is("other_schema", "list_flights") else None,
            total_records=self.batches * self.batch_rows,
        )

    @hookimpl
    def get_schema(self) -> pa.Schema:
        """Return the schema, or another one."""
        self._fail("get_schema")
        return _OTHER if self._is("other_schema", "get_schema") else SCHEMA

    @hookimpl
    def stream_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, with what goes wrong among them or after them."""
        right = min(self.after_batches, self.batches)
        for number in range(right):
            yield self._batch(number)
        self._fail("stream_batches")
        if self._is("other_schema", "stream_batches"):
            yield pa.RecordBatch.from_pydict({"n": ["one"]}, schema=_OTHER)
        if self._is("huge_batch", "stream_batches"):
            huge = {"n": [0], "name": ["x" * self.huge_bytes]}
            yield pa.RecordBatch.from_pydict(huge, schema=SCHEMA)
        for number in range(right, self.batches):
            yield self._batch(number)

    def _batch(self, number: int) -> pa.RecordBatch:
        rows = range(number * self.batch_rows, (number + 1) * self.batch_rows)
        numbers = pa.array(rows, pa.int64())
        names = pc.binary_join_element_wise("name", numbers.cast(pa.string()), " ")
        return pa.record_batch([numbers, names], SCHEMA)

    def _is(self, fault: Fault, hook: FaultyHook) -> bool:
        return (self.fault, self.hook) == (fault, hook)

    def _fail(self, hook: FaultyHook) -> None:
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
