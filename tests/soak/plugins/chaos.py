"""An adapter that is slow, cannot be closed, and sometimes cannot list."""

import time
from itertools import count

import pyarrow as pa
from attrs import field

from flightstream import Flight, Source, Unavailable, adapter, hookimpl, option

SCHEMA = pa.schema([("n", pa.int64())])


@adapter
class ChaosAdapter:
    """Serves a flight that pauses, and one whose stream fails when it is closed."""

    source: Source
    fails_every: int = option(0, help="how many listings come to one that fails", minimum=0)
    _listings: count = field(factory=count, init=False)

    @hookimpl
    def list_flights(self):
        if self.fails_every and next(self._listings) % self.fails_every == 0:
            raise Unavailable("it cannot be listed now")
        return [Flight("pausing", version="1"), Flight("unclosable", version="1")]

    @hookimpl
    def get_schema(self):
        return SCHEMA

    @hookimpl
    def stream_batches(self, flight):
        try:
            for number in range(8):
                time.sleep(0.05)
                yield pa.record_batch([[number]], SCHEMA)
        except GeneratorExit:
            if flight.name == ("unclosable",):
                raise RuntimeError("a fault that was asked for, in close") from None
            raise
