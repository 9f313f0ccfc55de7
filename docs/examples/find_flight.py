"""Flights without number: ``range/1000`` has the numbers below 1000."""

import pyarrow as pa

from flightstream import Flight, Source, adapter, hookimpl

SCHEMA = pa.schema([("n", pa.int64())])
BATCH_ROWS = 10_000


@adapter
class RangeAdapter:
    """Serves the numbers below the one that is asked for."""

    source: Source

    @hookimpl
    def list_flights(self):
        yield _flight("10")

    @hookimpl
    def find_flight(self, name):
        is_number = len(name) == 1 and name[0].isascii() and name[0].isdigit()
        return _flight(name[0]) if is_number and len(name[0]) < 10 else None

    @hookimpl
    def get_schema(self):
        return SCHEMA

    @hookimpl
    def stream_batches(self, flight):
        for start in range(0, flight.origin, BATCH_ROWS):
            numbers = range(start, min(start + BATCH_ROWS, flight.origin))
            yield pa.record_batch([pa.array(numbers, pa.int64())], SCHEMA)


def _flight(name):
    return Flight(name, origin=int(name), version="1", total_records=int(name))
