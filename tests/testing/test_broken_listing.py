"""Adapters that break a law of listing or of schemas."""

from functools import partial
from itertools import count
from typing import ClassVar

import attrs
import pyarrow as pa
from adapter_cases import ORDERS, SCHEMA, AdapterCase
from right_adapters import ArrowAdapter

from flightstream import NotFound, adapter, hookimpl


class Changing(ArrowAdapter):
    """Changes each flight that it lists."""

    change: ClassVar = {}

    @hookimpl
    def list_flights(self):
        return [attrs.evolve(flight, **self.change) for flight in super().list_flights()]


class Renaming(ArrowAdapter):
    """Gives the flight in a folder another name."""

    change: ClassVar = ""

    @hookimpl
    def list_flights(self):
        for flight in super().list_flights():
            yield attrs.evolve(flight, name=self.change) if len(flight.name) > 1 else flight


class TestLeavesOneOut(AdapterCase):
    breaks = {"test_every_expected_flight_is_listed": "does not yield ['deep/empty']"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def list_flights(self):
            return [flight for flight in super().list_flights() if len(flight.name) == 1]


class TestInventsOne(AdapterCase):
    breaks = {"test_nothing_else_is_listed": "yields ['orders.arrow'], which the sample does not"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def list_flights(self):
            for flight in super().list_flights():
                yield flight
                if flight.name == ("orders",):
                    yield attrs.evolve(flight, name="orders.arrow")


class TestListsTwice(AdapterCase):
    breaks = {"test_no_flight_is_listed_twice": "and no full_name or File in origin"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def list_flights(self):
            return [attrs.evolve(f, origin=None) for f in [*super().list_flights()] * 2]


class TestListsInAnyOrder(AdapterCase):
    breaks = {"test_listing_is_repeatable": "in another order, or not all of it: sort it"}

    @adapter
    class plugin(ArrowAdapter):
        _listings: int = attrs.field(default=0, init=False)

        @hookimpl
        def list_flights(self):
            self._listings += 1
            return [*super().list_flights()][:: (-1) ** self._listings]


class TestCountsListings(AdapterCase):
    breaks = {"test_versions_are_repeatable": "changed though nothing else did"}

    @adapter
    class plugin(Changing):
        _listings: int = attrs.field(default=0, init=False)

        @property
        def change(self):
            self._listings += 1
            return {"version": str(self._listings)}


class TestVersionsOfItsOwn(AdapterCase):
    breaks = {"test_versions_are_the_same_on_every_server": "gives another version to"}

    @adapter
    class plugin(Changing):
        _number: int = attrs.field(factory=partial(next, count()), init=False)

        @property
        def change(self):
            return {"version": str(self._number)}


class TestNoVersion(AdapterCase):
    breaks = {"test_every_flight_has_a_version": "['deep/empty', 'orders'] have no version"}

    @adapter
    class plugin(Changing):
        change: ClassVar = {"version": ""}


class TestBlankInAName(AdapterCase):
    breaks = {"test_names_are_safe": "the names ['deep/empty '] are written differently"}

    @adapter
    class plugin(Renaming):
        change: ClassVar = "deep/empty "


class TestBackslashInAName(AdapterCase):
    breaks = {"test_names_are_safe": "are written differently by some clients: clean them"}

    @adapter
    class plugin(Renaming):
        change: ClassVar = "deep\\empty"


class TestNamedAfterTheSource(AdapterCase):
    breaks = {
        "test_the_source_name_is_no_part_of_a_name": "['source-under-test/empty'] begin with",
    }

    @adapter
    class plugin(Renaming):
        change: ClassVar = "source-under-test/empty"


class TestOnlyFindsWhatIsOnTop(AdapterCase):
    breaks = {"test_every_flight_is_found_by_its_path": "'empty') is listed, and asked for"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def get_schema(self, flight):
            if len(flight.name) > 1:
                raise NotFound("it is not on top")
            return super().get_schema(flight)


class TestTakesAPrefixForAName(AdapterCase):
    breaks = {"test_a_prefix_narrows_the_listing": "with the prefix ('deep',) it yields []"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def list_flights(self, prefix):
            return [f for f in super().list_flights() if prefix in ((), f.name)]


class TestFindsAnotherVersion(AdapterCase):
    breaks = {"test_find_flight_agrees_with_the_listing": "gives version 'other', the listing"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def find_flight(self, name):
            found = [flight for flight in self.list_flights() if flight.name == name]
            return attrs.evolve(found[0], version="other") if found else None


class TestGuessesACount(AdapterCase):
    breaks = {"test_record_counts_are_exact": "has 0 rows, and total_records says 6"}

    @adapter
    class plugin(Changing):
        change: ClassVar = {"total_records": 6}


class TestANegativeSize(AdapterCase):
    breaks = {"test_sizes_are_known_or_minus_one": "has total_bytes=-5"}

    @adapter
    class plugin(Changing):
        change: ClassVar = {"total_bytes": -5}


class TestAnotherSchema(AdapterCase):
    breaks = {"test_schema_is_the_expected_one": "name: large_string}, expected {id: int64 not"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def get_schema(self, flight):
            return pa.schema([SCHEMA.field("id"), ("name", pa.large_string())])


class TestCountsInTheSchema(AdapterCase):
    breaks = {"test_schema_is_repeatable": "tickets would be stale"}

    @adapter
    class plugin(ArrowAdapter):
        _asked: int = attrs.field(default=0, init=False)

        @hookimpl
        def get_schema(self, flight):
            self._asked += 1
            return super().get_schema(flight).with_metadata({"asked": str(self._asked)})


class TestListsAGuessedSchema(AdapterCase):
    breaks = {"test_listed_schema_is_the_schema": "leave it out if it is not known"}

    @adapter
    class plugin(Changing):
        change: ClassVar = {"schema": pa.schema([("id", pa.string())])}


class Sending(ArrowAdapter):
    """Sends a table of its own."""

    table: ClassVar = ORDERS

    @hookimpl
    def stream_batches(self):
        yield from self.table.to_batches(max_chunksize=2)


class TestBatchesOfAnotherSchema(AdapterCase):
    breaks = {"test_every_batch_has_the_schema": "has {id: int64 not null, NAME: string}"}

    @adapter
    class plugin(Sending):
        table: ClassVar = ORDERS.rename_columns(["id", "NAME"])


class TestNullWhereNoneMayBe(AdapterCase):
    breaks = {"test_no_null_where_none_may_be": "announced as not null and has 1 nulls"}

    @adapter
    class plugin(Sending):
        schema = pa.schema([SCHEMA.field("id"), SCHEMA.field("name").with_nullable(False)])
        table: ClassVar = pa.Table.from_arrays(ORDERS.columns, schema=schema)


class TestTextThatIsNone(AdapterCase):
    breaks = {"test_batches_are_valid": "a batch of 'deep/empty' is not valid: In column 1"}

    @adapter
    class plugin(Sending):
        name = pa.array([b"\xff\xfe"]).view(pa.string())
        table: ClassVar = pa.table([[1], name], schema=SCHEMA)
