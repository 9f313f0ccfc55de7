"""A span for each call, and one below it for each of its phases, made when it has ended."""

from typing import Final

from attrs import frozen
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from flightstream import CallRecord

SERVICE: Final = "arrow.flight.protocol.FlightService"
_FAULTS = {"internal", "plugin_error", "invalid_data", "unavailable", "unsupported"}
_PROPAGATOR = TraceContextTextMapPropagator()


@frozen
class Spans:
    """Makes the spans of calls.

    What a client wrote, and who it was, is in none: a flight is named where there is
    one. The id of the call is what its lines in the log have.
    """

    _tracer: Tracer

    def make(self, record: CallRecord) -> None:
        """Make the spans of one call."""
        sent = {"traceparent": record.trace_parent, "tracestate": record.trace_state}
        parent = _PROPAGATOR.extract({name: value for name, value in sent.items() if value})
        span = self._tracer.start_span(
            f"{SERVICE}/{record.method}",
            parent,
            SpanKind.SERVER,
            attributes=_attributes(record),
            start_time=_moment(record, 0.0),
        )
        if record.code in _FAULTS:  # the others are what a client has done
            span.set_status(Status(StatusCode.ERROR, record.code))
        if span.is_recording():
            within = set_span_in_context(span)
            for phase in record.phases:
                start, end = phase.start_seconds, phase.start_seconds + phase.duration_seconds
                self._tracer.start_span(phase.name, within, start_time=_moment(record, start)).end(
                    _moment(record, end)
                )
        span.end(_moment(record, record.duration_seconds))


def _moment(record: CallRecord, seconds: float) -> int:
    """Return nanoseconds since 1970."""
    return int((record.started_at + seconds) * 1e9)


def _attributes(record: CallRecord) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "rpc.system.name": "grpc",
        "rpc.method": f"{SERVICE}/{record.method}",
        "flightstream.call": record.call,
        "flightstream.code": record.code,
    }
    if record.code != "ok":
        attributes["error.type"] = record.code
    if record.source is not None and record.adapter is not None:
        attributes["flightstream.flight"] = record.flight or ""
        attributes["flightstream.source"] = record.source
        attributes["flightstream.adapter"] = record.adapter
    if record.method == "DoGet":
        attributes["flightstream.rows"] = record.rows
        attributes["flightstream.bytes"] = record.bytes
        attributes["flightstream.batches"] = record.batches
        attributes["flightstream.rows_read"] = record.rows_read
        attributes["flightstream.residual"] = record.residual
    return attributes
