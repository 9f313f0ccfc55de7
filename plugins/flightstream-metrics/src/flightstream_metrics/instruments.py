"""What is counted: one family of series for each fact, with few labels."""

from collections.abc import Iterator
from typing import Final

from attrs import define, field
from prometheus_client import Counter, Histogram, Metric, Summary
from prometheus_client.registry import Collector

from flightstream import CallRecord, PluginFailure

OTHER: Final = "(other)"
"""Stands for all flights beyond the first thousand: a source may have any number."""

_MAX_FLIGHTS = 1000
_WHERE = ("source", "adapter")
_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_REFUSALS = ("limit_exceeded", "unavailable")
_DOOR = ("authenticate", "admit", "queue")


@define(eq=False)
class Instruments(Collector):
    """The counters and histograms of one server.

    The values of labels are names that the server's configuration and code have. What
    a client writes is none: a call for a flight that there is not, or that it may not
    see, has no source, adapter or flight.

    Args:
        flight_label: Whether there is a label ``flight``.
    """

    flight_label: bool
    _flights: set[str] = field(factory=set, init=False)
    _calls: Counter = field(init=False)
    _durations: Histogram = field(init=False)
    _phases: Summary = field(init=False)
    _first_batches: Histogram = field(init=False)
    _rows: Counter = field(init=False)
    _bytes: Counter = field(init=False)
    _batches: Counter = field(init=False)
    _rows_read: Counter = field(init=False)
    _residual: Counter = field(init=False)
    _refusals: Counter = field(init=False)
    _logins: Counter = field(init=False)
    _failures: Counter = field(init=False)

    def __attrs_post_init__(self) -> None:
        where = (*_WHERE, "flight") if self.flight_label else _WHERE
        self._calls = _counter("calls", "Calls that have ended.", "method", "code", *where)
        self._durations = _histogram(
            "call_duration",
            "From a call's arrival to the last byte of its answer.",
            "method",
            *_WHERE,
        )
        self._phases = Summary(
            "flightstream_call_phase_duration_seconds",
            "What the time of calls goes into.",
            ("method", "phase"),
            registry=None,
        )
        self._first_batches = _histogram(
            "first_batch", "From a call's arrival until the first batch of its stream.", *_WHERE
        )
        self._rows = _counter("sent_rows", "Rows handed to the transport.", *where)
        self._bytes = _counter("sent_bytes", "Arrow data handed to the transport.", *where)
        self._batches = _counter("sent_batches", "Batches handed to the transport.", *where)
        self._rows_read = _counter(
            "read_rows", "Rows that came from adapters, before the server's filters.", *where
        )
        self._residual = _counter(
            "residual_scans", "Streams of which something was left to the core.", *_WHERE, "work"
        )
        self._refusals = _counter(
            "refused_calls",
            "Calls refused by a limit before anything was read.",
            "method",
            "code",
        )
        self._logins = _counter("authentications", "Credentials that were judged.", "result")
        self._failures = _counter(
            "plugin_failures", "Failures of plugins.", "plugin", "hook", "reason"
        )

    def count_call(self, record: CallRecord) -> None:
        """Count a call that has ended."""
        where = (record.source or "", record.adapter or "")
        labels = (*where, self._flight(record)) if self.flight_label else where
        self._calls.labels(record.method, record.code, *labels).inc()
        self._durations.labels(record.method, *where).observe(record.duration_seconds)
        for phase in record.phases:
            self._phases.labels(record.method, phase.name).observe(phase.duration_seconds)
        if record.first_batch_seconds is not None:
            self._first_batches.labels(*where).observe(record.first_batch_seconds)
        if record.method == "DoGet" and record.source is not None:
            self._rows.labels(*labels).inc(record.rows)
            self._bytes.labels(*labels).inc(record.bytes)
            self._batches.labels(*labels).inc(record.batches)
            self._rows_read.labels(*labels).inc(record.rows_read)
        for work in record.residual:
            self._residual.labels(*where, work).inc()
        last = record.phases[-1].name if record.phases else ""
        if record.code in _REFUSALS and last in _DOOR:
            self._refusals.labels(record.method, record.code).inc()
        if last:  # whatever ended later has been judged
            self._logins.labels(_login(record)).inc()

    def count_failure(self, failure: PluginFailure) -> None:
        """Count a failure of a plugin."""
        self._failures.labels(failure.plugin, failure.hook, failure.reason).inc()

    def collect(self) -> Iterator[Metric]:
        """Yield all families, without the moments at which each series began."""
        for instrument in (
            self._calls, self._durations, self._phases, self._first_batches, self._rows,
            self._bytes, self._batches, self._rows_read, self._residual, self._refusals,
            self._logins, self._failures,
        ):  # fmt: skip
            for family in instrument.collect():
                samples = family.samples
                family.samples = [one for one in samples if not one.name.endswith("_created")]
                yield family

    def _flight(self, record: CallRecord) -> str:
        """Return the label of a flight that there is; ``find_flight`` may find any number."""
        if record.adapter is None or record.flight is None:
            return ""
        if record.flight not in self._flights and len(self._flights) >= _MAX_FLIGHTS:
            return OTHER
        self._flights.add(record.flight)
        return record.flight


def _login(record: CallRecord) -> str:
    if record.subject is not None:
        return "accepted"
    return "slowed_down" if record.code == "limit_exceeded" else "refused"


def _counter(name: str, told: str, *labels: str) -> Counter:
    return Counter(f"flightstream_{name}", told, labels, registry=None)


def _histogram(name: str, told: str, *labels: str) -> Histogram:
    return Histogram(f"flightstream_{name}_seconds", told, labels, registry=None, buckets=_SECONDS)
