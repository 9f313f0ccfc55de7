"""Adapters that break a law of failure: the wrong error, or one that tells too much."""

from pathlib import Path

import attrs
import pyarrow as pa
from adapter_cases import AdapterCase
from right_adapters import ArrowAdapter

from flightstream import FlightStreamError, InvalidData, NotFound, adapter, hookimpl


class TestRaisesKeyErrors(AdapterCase):
    breaks = {"test_unknown_names_are_not_found": "for it raised KeyError("}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def find_flight(self, name):
            return {flight.name: flight for flight in self.list_flights()}[name]


class TestFindsByLetters(AdapterCase):
    breaks = {"test_unknown_names_are_not_found": "gives no error, not NotFound"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def find_flight(self, name):
            for flight in self.list_flights():
                if flight.name[-1] == name[-1].lower():
                    return attrs.evolve(flight, name=name)
            return None


class TestAsksTheSystemForAnyName(AdapterCase):
    breaks = {"test_hostile_names_are_refused": "for it raised OSError(36, 'File name too long')"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def find_flight(self, name):
            Path(self.source.path, *name).exists()


class TestTellsWhereItLooked(AdapterCase):
    breaks = {"test_errors_of_names_leak_nothing": "a client is told where the source is"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def find_flight(self, name):
            raise NotFound(f"there is nothing at {self.source.path}/{name[-1]}")


class TestFailsWithoutItsData(AdapterCase):
    breaks = {"test_vanished_data_is_told": "get_schema of 'deep/empty', whose data is gone"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def get_schema(self, flight):
            with Path(flight.origin.path).open("rb") as file:
                return self.opened(file).schema


class TellingPaths(ArrowAdapter):
    """Tells where the file is, whatever is wrong with it."""

    @hookimpl
    def get_schema(self, flight):
        try:
            return super().get_schema(flight)
        except FlightStreamError as exc:
            raise type(exc)(f"{flight.origin.path}: {exc.message}") from exc


class TestTellsWhatIsWrongWhere(AdapterCase):
    breaks = {
        "test_errors_of_vanished_data_leak_nothing": "a client is told where the source is",
        "test_errors_of_faulty_data_leak_nothing": "a client is told where the source is",
    }
    plugin = adapter(TellingPaths)


class TestLetsArrowComplain(AdapterCase):
    breaks = {"test_faulty_data_is_invalid_data": "for it raised ArrowInvalid('File is too small"}

    @adapter
    class plugin(ArrowAdapter):
        def opened(self, file):
            return pa.ipc.open_file(file)


class TestLeavesOutAllBesideAFault(AdapterCase):
    breaks = {"test_a_faulty_flight_disturbs_no_other": "['deep/empty', 'orders'] are not listed"}

    @adapter
    class plugin(ArrowAdapter):
        @hookimpl
        def list_flights(self):
            flights = [*super().list_flights()]
            try:
                for flight in flights:
                    self.get_schema(flight)
            except InvalidData:
                return []
            return flights
