"""Prometheus metrics and health probes for FlightStream, on an HTTP port of their own."""

from flightstream_metrics.metrics import Metrics

__all__ = ["Metrics"]
