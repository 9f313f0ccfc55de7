"""From observed calls to requests of OTLP: one thread, a queue, and the SDK behind it."""

from collections.abc import Mapping
from queue import SimpleQueue
from threading import Thread
from typing import Final, Self, TypeAlias

import structlog
from attrs import define, field, frozen
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from flightstream import CallRecord, ServerInfo
from flightstream_otel.measures import VIEWS, Measures
from flightstream_otel.spans import Spans

log = structlog.get_logger(__name__)

Failure: TypeAlias = tuple[str, str, str]
"""The plugin, the hook and the reason."""

_SCOPE: Final = "flightstream"
_MAX_WAITING = 10_000
_REQUEST_SECONDS = 5.0
_END_SECONDS = 2.0


@frozen
class Target:
    """Where telemetry goes, and how much of it."""

    endpoint: str
    headers: Mapping[str, str] = field(repr=False)
    service_name: str
    sample_ratio: float
    interval_seconds: float

    def url(self, signal: str) -> str:
        """Return where one signal is sent to, as the protocol has it."""
        return f"{self.endpoint.rstrip('/')}/v1/{signal}"


@define(eq=False)
class Export:
    """Makes spans and measurements of what is put in, on a thread of its own.

    A call may end on a thread that is inside the SDK, where its stream is collected,
    and the SDK's locks cannot be taken twice; the queue can be put into from anywhere.
    No provider is made global: that is for the program that embeds a server.
    """

    _tracing: TracerProvider
    _metering: MeterProvider
    _spans: Spans
    _measures: Measures
    _queue: SimpleQueue[CallRecord | Failure | None] = field(factory=SimpleQueue, init=False)
    _thread: Thread = field(init=False)
    _dropped: int = field(default=0, init=False)

    @classmethod
    def begin(cls, target: Target, server: ServerInfo) -> Self:
        """Set the SDK up; nothing is sent before there is something to send."""
        names = {"service.name": target.service_name, "service.version": server.version}
        resource = Resource.create(names)
        tracing = TracerProvider(
            resource=resource,
            sampler=ParentBasedTraceIdRatio(target.sample_ratio),
            shutdown_on_exit=False,
        )
        spans_exporter = OTLPSpanExporter(
            endpoint=target.url("traces"), headers={**target.headers}, timeout=_REQUEST_SECONDS
        )
        millis = target.interval_seconds * 1000
        tracing.add_span_processor(BatchSpanProcessor(spans_exporter, schedule_delay_millis=millis))
        metrics_exporter = OTLPMetricExporter(
            endpoint=target.url("metrics"), headers={**target.headers}, timeout=_REQUEST_SECONDS
        )
        metering = MeterProvider(
            [PeriodicExportingMetricReader(metrics_exporter, export_interval_millis=millis)],
            resource=resource,
            views=VIEWS,
            shutdown_on_exit=False,
        )
        export = cls(
            tracing,
            metering,
            Spans(tracing.get_tracer(_SCOPE, server.version)),
            Measures(metering.get_meter(_SCOPE, server.version), server.status),
        )
        export._thread = Thread(target=export._work, daemon=True, name="otel")
        export._thread.start()
        return export

    def put(self, observed: CallRecord | Failure) -> None:
        """Hand something over; what is more than the thread can take is dropped."""
        if self._queue.qsize() < _MAX_WAITING:
            self._queue.put(observed)
        else:
            self._dropped += 1

    def end(self) -> None:
        """Send what is left; after a moment nobody waits for a receiver that is slow."""
        self._queue.put(None)
        closing = Thread(target=self._close, daemon=True, name="otel-end")
        closing.start()
        closing.join(_END_SECONDS)
        if self._dropped or closing.is_alive():
            log.warning("telemetry_lost", dropped=self._dropped, in_time=not closing.is_alive())

    def _close(self) -> None:
        self._thread.join()
        self._tracing.shutdown()
        self._metering.shutdown(_END_SECONDS * 1000)

    def _work(self) -> None:
        while (observed := self._queue.get()) is not None:
            try:
                if isinstance(observed, CallRecord):
                    self._spans.make(observed)
                    self._measures.count_call(observed)
                else:
                    self._measures.count_failure(*observed)
            except Exception:
                log.exception("telemetry_failed")
