"""The service: what is observed, and handed to the one thread that makes something of it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from attrs import field

from flightstream import (
    CallRecord,
    PluginFailure,
    Secret,
    ServerInfo,
    hookimpl,
    option,
    service,
)

log = structlog.get_logger(__name__)


def _check_endpoint(_instance: object, _attribute: object, endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
        has_credentials = parts.username is not None
        _ = parts.port
    except ValueError:
        is_good = has_credentials = False
    if has_credentials:
        raise ValueError("credentials do not belong into a URL: use headers")
    if endpoint and not is_good:
        raise ValueError("this is no URL like http://localhost:4318")


@service
class OpenTelemetry:
    """Sends a trace of each call, and metrics, to whatever receives OTLP over HTTP.

    Without an endpoint it does nothing, and the SDK is not even imported.

    .. versionadded:: 0.1
    """

    endpoint: str = option(
        "",
        help="Where to, such as http://localhost:4318; nothing is sent without it.",
        env="OTEL_EXPORTER_OTLP_ENDPOINT",
        validator=_check_endpoint,
    )
    headers: Mapping[str, Secret] = option(
        factory=dict, help="What goes with each request, such as an api-key."
    )
    service_name: str = option(
        "flightstream", help="What the server is called there.", env="OTEL_SERVICE_NAME"
    )
    sample_ratio: float = option(
        1.0,
        help="Which part of the traces that begin here is sent; of those that a client began,"
        " the client says.",
        minimum=0,
        maximum=1,
    )
    interval_seconds: float = option(
        10.0, help="How often what was gathered is sent.", minimum=0.1, maximum=3600
    )

    _export: Any = field(default=None, init=False, repr=False)

    @hookimpl
    def on_startup(self, server: ServerInfo) -> None:
        """Begin to export, if there is where to."""
        if self.endpoint:
            # Half a second and 20 MB, for who needs it alone.
            from flightstream_otel.export import Export, Target

            target = Target(
                self.endpoint,
                {name: value.reveal() for name, value in self.headers.items()},
                self.service_name,
                self.sample_ratio,
                self.interval_seconds,
            )
            self._export = Export.begin(target, server)
            log.info("telemetry_sent", endpoint=self.endpoint)

    @hookimpl
    def on_shutdown(self) -> None:
        """Send what is left, for as long as there is time."""
        export, self._export = self._export, None
        if export is not None:
            export.end()

    @hookimpl
    def on_call_finished(self, record: CallRecord) -> None:
        """Hand over a call."""
        self._hand_over(record)

    @hookimpl
    def on_plugin_failed(self, failure: PluginFailure) -> None:
        """Hand over a failure of a plugin, without what it raised."""
        self._hand_over((failure.plugin, failure.hook, failure.reason))

    def _hand_over(self, observed: Any) -> None:
        if (export := self._export) is not None:
            export.put(observed)
