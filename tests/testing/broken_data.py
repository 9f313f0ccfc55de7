"""Adapters that each break one law; the base of each keeps all of them."""

from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
from arrow_adapter import TABLES, ArrowAdapter, PushingAdapter

from flightstream import NotFound, adapter, hookimpl

SERIAL = count()


class Lists(ArrowAdapter):
    """Changes what is listed."""

    def changed(self, flights):
        return flights

    @hookimpl
    def list_flights(self, prefix):
        yield from self.changed(list(ArrowAdapter.list_flights(self)))


def listing(change, name):
    """Declare an adapter that changes each flight that it lists."""

    def changed(self, flights):
        return [change(self, flight) for flight in flights]

    return adapter(type(name, (Lists,), {"changed": changed, "__module__": __name__}))


def named(name):
    return lambda _self, flight: attrs.evolve(
        flight, name=name if len(flight.name) > 1 else flight.name
    )


@adapter
class Forgets(Lists):
    def changed(self, flights):
        return [flight for flight in flights if flight.name != ("deep", "empty")]


@adapter
class Invents(Lists):
    def changed(self, flights):
        return [*flights, attrs.evolve(flights[0], name="invented")]


@adapter
class Doubles(Lists):
    def changed(self, flights):
        return [*flights, flights[0]]


@adapter
class Shuffles(Lists):
    def changed(self, flights):
        return flights[::-1] if next(SERIAL) % 2 else flights


@adapter
class Unfindable(Lists):
    """Its listing ends where it began: what is found again is another version."""

    @hookimpl
    def find_flight(self, name):
        flights = {flight.name: flight for flight in ArrowAdapter.list_flights(self)}
        found = flights.get(name)
        return found and attrs.evolve(found, version="other")


@adapter
class TakesPrefixForName(Lists):
    @hookimpl
    def list_flights(self, prefix):
        for flight in ArrowAdapter.list_flights(self):
            if not prefix or flight.name == prefix:
                yield flight


Restless = listing(lambda _s, f: attrs.evolve(f, version=str(next(SERIAL))), "Restless")
Local = listing(lambda s, f: attrs.evolve(f, version=f"{id(s)}-{f.version}"), "Local")
Timeless = listing(lambda _s, f: attrs.evolve(f, version=""), "Timeless")
Miscounts = listing(lambda _s, f: attrs.evolve(f, total_records=99), "Miscounts")
Negative = listing(lambda _s, f: attrs.evolve(f, total_bytes=-5), "Negative")
Guesses = listing(lambda _s, f: attrs.evolve(f, schema=pa.schema([("id", pa.string())])), "Guesses")
Constant = listing(lambda _s, f: attrs.evolve(f, version="1"), "Constant")


class Reads(ArrowAdapter):
    """Changes the batches."""

    def changed(self, batches):
        return batches

    @hookimpl
    def stream_batches(self, flight):
        yield from self.changed(list(ArrowAdapter.stream_batches(self, flight, None)))


@adapter
class LosesRows(Reads):
    def changed(self, batches):
        return batches[:-1]


@adapter
class Alternates(Reads):
    _reads: int = attrs.field(default=0, init=False)

    def changed(self, batches):
        self._reads += 1
        return batches if self._reads % 2 else batches[::-1]


@adapter
class Renames(Reads):
    def changed(self, batches):
        return [batch.rename_columns(["id", "NAME"]) for batch in batches]


@adapter
class Heaps(Reads):
    def changed(self, batches):
        if batches:
            table = pa.concat_tables([pa.Table.from_batches(batches)] * 100)
            yield from table.combine_chunks().to_batches()


@adapter
class FillsEmpty(Reads):
    def changed(self, batches):
        return batches or TABLES["orders"].to_batches()


@adapter
class Reuses(ArrowAdapter):
    """Makes every batch in the same memory."""

    @hookimpl
    def stream_batches(self, flight):
        memory = bytearray(16)
        for batch in ArrowAdapter.stream_batches(self, flight, None):
            memory[: 8 * len(batch)] = batch[0].buffers()[1].to_pybytes()[: 8 * len(batch)]
            ids = pa.Array.from_buffers(pa.int64(), len(batch), [None, pa.py_buffer(memory)])
            yield pa.record_batch([ids, batch[1]], batch.schema)


@adapter
class SharesACursor(ArrowAdapter):
    """Keeps where it is in self."""

    _row: int = attrs.field(default=0, init=False)

    @hookimpl
    def stream_batches(self, flight):
        batches = list(ArrowAdapter.stream_batches(self, flight, None))
        self._row = 0
        while self._row < len(batches):
            self._row += 1
            yield batches[self._row - 1]


@adapter
class IgnoresFilter(PushingAdapter):
    def filtered(self, table, request):
        return table


@adapter
class IgnoresOffset(PushingAdapter):
    def offset(self, table, request):
        return table


@adapter
class LimitsShort(PushingAdapter):
    def limited(self, table, request):
        return table.slice(0, max(0, request.limit - 1)) if request.limit else table


@adapter
class TakesZeroForNone(PushingAdapter):
    def limited(self, table, request):
        return table.slice(0, request.limit) if request.limit else table


@adapter
class LimitsFirst(PushingAdapter):
    def asked(self, table, request):
        table = self.offset(self.limited(table, request), request)
        return self.projected(self.filtered(table, request), request)


@adapter
class SortsColumns(PushingAdapter):
    def projected(self, table, request):
        return table if request.columns is None else table.select(sorted(request.columns))


@adapter
class Overlaps(PushingAdapter):
    @hookimpl
    def plan_partitions(self, flight, target):
        parts = PushingAdapter.plan_partitions(self, flight, target)
        return [(start, end + 1) for start, end in parts]


@adapter
class PlansByInstance(PushingAdapter):
    _own: int = attrs.field(factory=lambda: next(SERIAL), init=False)

    @hookimpl
    def plan_partitions(self, flight, target):
        return [(*part, self._own) for part in PushingAdapter.plan_partitions(self, flight, target)]

    @hookimpl
    def stream_batches(self, flight, request):
        if request.partition:
            request = attrs.evolve(request, partition=request.partition[:2])
        return PushingAdapter.stream_batches(self, flight, request)


@adapter
class PlansTooMany(PushingAdapter):
    @hookimpl
    def plan_partitions(self, flight):
        return PushingAdapter.plan_partitions(self, flight, 100)


@adapter
class Mixes(ArrowAdapter):
    """Reads block by block whatever the file is by then."""

    @hookimpl
    def stream_batches(self, flight):
        number = 0
        while True:
            with Path(flight.origin.path).open("rb") as file:
                reader = pa.ipc.open_file(file)
                if number == reader.num_record_batches:
                    return
                yield reader.get_batch(number)
            number += 1


Blank = listing(named("deep/empty "), "Blank")
Own = listing(named("source-under-test/empty"), "Own")


@adapter
class OtherSchema(ArrowAdapter):
    @hookimpl
    def get_schema(self, flight):
        return pa.schema([("id", pa.int64()), ("name", pa.large_string())])


@adapter
class Metadata(ArrowAdapter):
    """Writes into the schema when it was asked."""

    @hookimpl
    def get_schema(self, flight):
        return ArrowAdapter.get_schema(self, flight).with_metadata({"at": str(next(SERIAL))})


PROMISED = pa.schema([TABLES["orders"].schema.field(0), pa.field("name", pa.string(), False)])


@adapter
class Promises(Reads):
    """Says that no name is null."""

    def changed(self, batches):
        return [pa.RecordBatch.from_arrays(batch.columns, schema=PROMISED) for batch in batches]

    @hookimpl
    def get_schema(self, flight):
        return PROMISED


@adapter
class Garbled(Reads):
    """Gives text that is not UTF-8."""

    def changed(self, batches):
        for batch in batches:
            offsets = pa.array([0, 1, 2][: len(batch) + 1], pa.int32()).buffers()[1]
            names = pa.Array.from_buffers(
                pa.string(), len(batch), [None, offsets, pa.py_buffer(b"\xff\xfe")]
            )
            yield pa.RecordBatch.from_arrays([batch[0], names], schema=batch.schema)


@adapter
class OrdersByInstance(Reads):
    _own: int = attrs.field(factory=lambda: next(SERIAL), init=False)

    def changed(self, batches):
        return batches[::-1] if self._own % 2 else batches


@adapter
class KeepsItsPlace(ArrowAdapter):
    """Goes on where the last stream was closed."""

    _row: int = attrs.field(default=0, init=False)

    @hookimpl
    def stream_batches(self, flight):
        batches = list(ArrowAdapter.stream_batches(self, flight, None))
        while self._row < len(batches):
            self._row += 1
            yield batches[self._row - 1]
        self._row = 0


@adapter
class Deduplicates(PushingAdapter):
    def projected(self, table, request):
        narrow = request.columns is not None and len(request.columns) == 1
        return PushingAdapter.projected(self, table.slice(0, 1) if narrow else table, request)


@adapter
class Wraps(PushingAdapter):
    def offset(self, table, request):
        return table.slice(request.offset % len(table)) if len(table) else table


@adapter
class Remembers(ArrowAdapter):
    """Reads each flight once."""

    _known: dict[str, Any] = attrs.field(factory=dict, init=False)

    @hookimpl
    def stream_batches(self, flight):
        if flight.name not in self._known:
            self._known[flight.name] = list(ArrowAdapter.stream_batches(self, flight, None))
        yield from self._known[flight.name]


@adapter
class LosesFolders(ArrowAdapter):
    @hookimpl
    def get_schema(self, flight):
        if len(flight.name) > 1:
            raise NotFound("only at the top")
        return ArrowAdapter.get_schema(self, flight)


@adapter
class ReadsAhead(Reads):
    """Holds all of a flight."""
