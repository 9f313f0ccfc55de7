"""What is told of the server at the moment that it is asked."""

from collections.abc import Iterator

import pyarrow as pa
from attrs import frozen
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from flightstream import ServerInfo, SourceStatus


@frozen(eq=False)
class ServerCollector(Collector):
    """The gauges of one server."""

    _server: ServerInfo

    def describe(self) -> list[Metric]:
        """Return nothing: what there is, is told by each collection."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield what is so now."""
        status, pool = self._server.status(), pa.default_memory_pool()
        yield _info(self._server.version)
        for name, told, value in (
            ("ready", "Whether the server has started, listens and is not stopping.", status.ready),
            ("draining", "Whether the server is stopping.", status.draining),
            ("active_calls", "Calls under way.", status.active_calls),
            ("active_scans", "Streams under way.", status.active_scans),
            ("waiting_scans", "Streams that wait for their turn.", status.waiting_scans),
            ("arrow_allocated_bytes", "What Arrow has allocated.", pool.bytes_allocated()),
            ("arrow_allocated_max_bytes", "The most that was at once.", pool.max_memory()),
        ):
            yield GaugeMetricFamily(f"flightstream_{name}", told, float(value or 0))
        yield from _sources(status.sources)


def _info(version: str) -> Metric:
    told = "The versions of what runs."
    family = GaugeMetricFamily("flightstream_build_info", told, labels=["version", "pyarrow"])
    family.add_metric([version, pa.__version__], 1)
    return family


def _sources(sources: tuple[SourceStatus, ...]) -> Iterator[Metric]:
    flights = _gauge("flights", "Flights of the last listing.")
    failed = _gauge("listing_failed", "Whether the last listing failed, in whole or in part.")
    age = _gauge("listing_age_seconds", "The time since the last listing began.")
    took = _gauge("listing_duration_seconds", "How long the last listing took.")
    since = _gauge("listing_running_seconds", "For how long a listing is under way.")
    for source in sources:
        flights.add_metric([source.name], source.flights)
        failed.add_metric([source.name], source.failed)
        since.add_metric([source.name], source.listing_since_seconds or 0.0)
        if source.listed_seconds_ago is not None:
            age.add_metric([source.name], source.listed_seconds_ago)
        if source.listing_seconds is not None:
            took.add_metric([source.name], source.listing_seconds)
    yield from (flights, failed, age, took, since)


def _gauge(name: str, told: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"flightstream_source_{name}", told, labels=["source"])
