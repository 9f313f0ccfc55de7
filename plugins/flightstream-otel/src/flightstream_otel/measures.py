"""What is measured: calls as the conventions of OpenTelemetry have it, and what they have no name for."""

from collections.abc import Callable, Iterable
from typing import Final

from attrs import define, field
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View

from flightstream import CallRecord, ServerStatus
from flightstream_otel.spans import SERVICE

_DURATION = "rpc.server.call.duration"
_FIRST_BATCH = "flightstream.first_batch.duration"
_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

VIEWS: Final = [
    View(instrument_name=name, aggregation=ExplicitBucketHistogramAggregation(_SECONDS))
    for name in (_DURATION, _FIRST_BATCH)
]
"""The SDK's own buckets are for milliseconds."""


@define(eq=False)
class Measures:
    """The instruments of one server. Their attributes are names of its configuration and code."""

    _meter: Meter
    _status: Callable[[], ServerStatus]
    _durations: Histogram = field(init=False)
    _first_batches: Histogram = field(init=False)
    _rows: Counter = field(init=False)
    _bytes: Counter = field(init=False)
    _rows_read: Counter = field(init=False)
    _failures: Counter = field(init=False)

    def __attrs_post_init__(self) -> None:
        meter = self._meter
        self._durations = meter.create_histogram(_DURATION, "s", "How long calls take.")
        self._first_batches = meter.create_histogram(
            _FIRST_BATCH, "s", "From a call's arrival until the first batch of its stream."
        )
        self._rows = meter.create_counter(
            "flightstream.sent.rows", "{row}", "Rows handed to the transport."
        )
        self._bytes = meter.create_counter(
            "flightstream.sent.bytes", "By", "Arrow data handed to the transport."
        )
        self._rows_read = meter.create_counter(
            "flightstream.read.rows", "{row}", "Rows from adapters, before the server's filters."
        )
        self._failures = meter.create_counter(
            "flightstream.plugin.failures", "{failure}", "Failures of plugins."
        )
        meter.create_observable_gauge(
            "flightstream.scans.active", [self._active], "{scan}", "Streams under way."
        )
        meter.create_observable_gauge(
            "flightstream.source.flights",
            [self._flights],
            "{flight}",
            "Flights of the last listing.",
        )
        meter.create_observable_gauge(
            "flightstream.source.listing.failed", [self._failed], "1", "1, if that failed."
        )

    def count_call(self, record: CallRecord) -> None:
        """Count a call that has ended."""
        where = {}
        if record.source is not None and record.adapter is not None:
            where = {
                "flightstream.source": record.source,
                "flightstream.adapter": record.adapter,
            }
        called = {"rpc.system.name": "grpc", "rpc.method": f"{SERVICE}/{record.method}", **where}
        if record.code != "ok":
            called["error.type"] = record.code
        self._durations.record(record.duration_seconds, called)
        if record.first_batch_seconds is not None:
            self._first_batches.record(record.first_batch_seconds, where)
        if record.method == "DoGet" and where:
            self._rows.add(record.rows, where)
            self._bytes.add(record.bytes, where)
            self._rows_read.add(record.rows_read, where)

    def count_failure(self, plugin: str, hook: str, reason: str) -> None:
        """Count a failure of a plugin."""
        self._failures.add(
            1,
            {
                "flightstream.plugin": plugin,
                "flightstream.hook": hook,
                "error.type": reason,
            },
        )

    def _active(self, _options: CallbackOptions) -> Iterable[Observation]:
        yield Observation(self._status().active_scans)

    def _flights(self, _options: CallbackOptions) -> Iterable[Observation]:
        for source in self._status().sources:
            yield Observation(source.flights, {"flightstream.source": source.name})

    def _failed(self, _options: CallbackOptions) -> Iterable[Observation]:
        for source in self._status().sources:
            yield Observation(int(source.failed), {"flightstream.source": source.name})
