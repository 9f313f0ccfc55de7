"""The service: what is observed, and where it can be asked for."""

import structlog
from attrs import Factory, define, field

from flightstream import (
    CallRecord,
    ConfigError,
    PluginFailure,
    ServerInfo,
    hookimpl,
    option,
    service,
)
from flightstream_metrics.endpoint import Endpoint
from flightstream_metrics.instruments import Instruments
from flightstream_metrics.page import Page
from flightstream_metrics.probes import Probes

log = structlog.get_logger(__name__)


@define(eq=False)
class _Running:
    endpoint: Endpoint
    probes: Probes


@service
class Metrics:
    """Tells Prometheus what the server does, and a balancer whether to send it calls.

    .. versionadded:: 0.1
    """

    host: str = option("localhost", help="The address that metrics and probes are served at.")
    port: int = option(9464, help="The port, 0 for any that is free.", minimum=0, maximum=65_535)
    flight_label: bool = option(
        False, help="Whether calls, rows and bytes are told apart by flight."
    )
    listing_timeout_seconds: float = option(
        60.0, help="From when on a source that is being listed counts as not ready.", minimum=0.1
    )

    _page: Page = field(
        default=Factory(lambda self: Page(Instruments(self.flight_label)), takes_self=True),
        init=False,
        repr=False,
    )
    _running: _Running | None = field(default=None, init=False, repr=False)

    @hookimpl
    def on_startup(self, server: ServerInfo) -> None:
        """Listen.

        Raises:
            ConfigError: The address is taken, or not one of this machine.
        """
        self._page.serve(server)
        probes = Probes(server.status, server.refresh, self.listing_timeout_seconds)
        try:
            endpoint = Endpoint.open(
                self.host,
                self.port,
                {
                    "/metrics": self._page.answer,
                    "/healthz": probes.alive,
                    "/readyz": probes.ready,
                },
            )
        except OSError as exc:
            reason = (exc.strerror or "there is no such address").lower()
            raise ConfigError(
                f"metrics cannot be served at {self.host!r}, port {self.port}: {reason}; set"
                " plugins.metrics.host and plugins.metrics.port"
            ) from exc
        self._running = _Running(endpoint, probes)
        log.info("metrics_served", host=self.host, port=endpoint.port)

    @hookimpl
    def on_shutdown(self) -> None:
        """Stop listening."""
        running, self._running = self._running, None
        if running is not None:
            running.endpoint.close()
            running.probes.close()

    @hookimpl
    def on_call_finished(self, record: CallRecord) -> None:
        """Count a call."""
        self._page.observe(record)

    @hookimpl
    def on_plugin_failed(self, failure: PluginFailure) -> None:
        """Count a failure of a plugin."""
        self._page.observe(failure)
