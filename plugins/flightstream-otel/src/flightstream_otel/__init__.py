"""OpenTelemetry traces and metrics for FlightStream, sent by OTLP over HTTP."""

from flightstream_otel.telemetry import OpenTelemetry

__all__ = ["OpenTelemetry"]
