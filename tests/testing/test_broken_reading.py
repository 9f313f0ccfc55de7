"""Adapters that break a law of reading, or of data that changes."""

from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
from adapter_cases import ORDERS, AdapterCase
from right_adapters import ArrowAdapter

from flightstream import adapter, hookimpl


class Rereading(ArrowAdapter):
    """Changes the batches of a flight, which it has read whole."""

    def changed(self, batches):
        return batches

    @hookimpl
    def stream_batches(self, flight):
        yield from self.changed([*super().stream_batches(flight)])


class TestLosesTheLastBatch(AdapterCase):
    breaks = {
        "test_rows_are_the_expected_ones": "'orders': there are 4 rows, expected 6",
        "test_served_rows_are_the_expected_ones": "'orders' over the wire: there are 4 rows",
    }

    @adapter
    class plugin(Rereading):
        def changed(self, batches):
            return batches[:-1]


class TestAnotherOrderEachTime(AdapterCase):
    breaks = {
        "test_reading_again_gives_the_same": "the order may never change",
        "test_rows_survive_being_cut_apart": "'orders' row by row: row 0, column 'id'",
        "test_two_readers_at_once": "'orders' read by two clients at once: row 0",
    }

    @adapter
    class plugin(Rereading):
        _reads: int = attrs.field(default=0, init=False)

        def changed(self, batches):
            self._reads += 1
            return batches[:: (-1) ** self._reads]


class TestAnOrderOfItsOwn(AdapterCase):
    breaks = {"test_another_instance_reads_the_same": "'orders' read by another instance: row 0"}

    @adapter
    class plugin(Rereading):
        _number: int = attrs.field(factory=partial(next, count()), init=False)

        def changed(self, batches):
            return batches[:: (-1) ** self._number]


class TestFillsTheEmpty(AdapterCase):
    breaks = {"test_an_empty_flight_has_its_schema": "'deep/empty' should be empty and has 6 rows"}

    @adapter
    class plugin(Rereading):
        def changed(self, batches):
            return batches or ORDERS.to_batches()


class TestUsesMemoryAgain(AdapterCase):
    breaks = {"test_a_batch_stays_as_it_was": "make each batch of memory of its own"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def stream_batches(self, flight):
            memory = bytearray(16)
            for batch in super().stream_batches(flight):
                memory[:] = batch["id"].buffers()[1].to_pybytes()[:16]
                ids = pa.Array.from_buffers(pa.int64(), 2, [None, pa.py_buffer(memory)])
                yield pa.record_batch([ids, batch["name"]], batch.schema)


class TestHugeBatches(AdapterCase):
    breaks = {"test_batches_are_of_bounded_size": "yield smaller ones, of up to 1000 bytes"}

    @adapter
    class plugin(Rereading):
        def changed(self, batches):
            return [pa.concat_batches(batches * 100)] if batches else []


class TestGoesOnWhereAnotherStopped(AdapterCase):
    breaks = {"test_a_stream_can_be_closed_early": "after a stream that was closed early"}

    @adapter
    class plugin(ArrowAdapter):
        _place: dict[str, int] = attrs.field(factory=dict, init=False)

        @hookimpl
        def stream_batches(self, flight):
            for number, batch in enumerate(super().stream_batches(flight)):
                if number >= self._place.get(flight.name, 0):
                    self._place[flight.name] = number + 1
                    yield batch
            self._place.clear()


class TestOnePlaceForAllStreams(AdapterCase):
    breaks = {
        "test_two_streams_do_not_disturb_each_other": "keep the state of a stream out of self"
    }

    @adapter
    class plugin(ArrowAdapter):
        _stream: Any = attrs.field(default=None, init=False)

        @hookimpl
        def stream_batches(self, flight):
            self._stream = super().stream_batches(flight)
            while batch := next(self._stream, None):
                yield batch


class TestOneVersionForEver(AdapterCase):
    breaks = {
        "test_version_changes_with_the_data": "the data of 'orders' changed and its version did",
        "test_a_stale_ticket_says_so": "from before a change is still answered",
    }

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def list_flights(self):
            return [attrs.evolve(flight, version="1") for flight in super().list_flights()]


class TestReadsOnlyOnce(AdapterCase):
    breaks = {"test_changed_data_is_read": "'orders' after a change: there are 6 rows, expected 9"}

    @adapter
    class plugin(ArrowAdapter):
        _known: dict[Any, Any] = attrs.field(factory=dict, init=False)

        @hookimpl
        def stream_batches(self, flight):
            if flight.name not in self._known:
                self._known[flight.name] = [*super().stream_batches(flight)]
            return self._known[flight.name]


class TestReadsWhateverIsThere(AdapterCase):
    breaks = {"test_a_running_stream_never_mixes": "and the stream went on with other rows"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def stream_batches(self, flight):
            for number in count():
                with Path(flight.origin.path).open("rb") as file:
                    reader = self.opened(file)
                    if number == reader.num_record_batches:
                        return
                    yield reader.get_batch(number)
