"""A server as an object: built from a configuration, started and stopped."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any, Self

import attrs
import structlog
from attrs import frozen

from flightstream.config import Config, Loaded, load_config, load_mapping
from flightstream.errors import Unavailable
from flightstream.models import ServerInfo
from flightstream.registry import Registry, build_registry
from flightstream.rpc import FlightServer, check_exposure, listen
from flightstream.serving import Service

log = structlog.get_logger(__name__)


class Server:
    """An Arrow Flight server; any number of them may run in one process.

    It is built from a configuration file, a configuration object, keywords, or
    keywords on top of either::

        with Server(sources={"sales": "data/"}, port=0) as server:
            client = flightstream.connect(f"grpc://localhost:{server.port}")

    Args:
        config: The path of a file, or a configuration.
        plugins: Plugin classes. If any are given without a configuration, only
            these are used; otherwise they come beside the installed ones.
        sources: URIs by name, or whole ``[sources.NAME]`` tables.
        options: ``[plugins.NAME]`` tables by name.
        settings: Keys of ``[server]``: ``host``, ``port``, ….

    Raises:
        ConfigError: All that is wrong with the configuration.

    .. versionadded:: 0.1
    """

    def __init__(
        self,
        config: Config | Loaded | Path | str | None = None,
        *,
        plugins: Sequence[type[Any]] = (),
        sources: Mapping[str, Any] | None = None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        **settings: Any,
    ) -> None:
        self._loaded = _load(config, plugins, sources, options, settings)
        self._plugins = plugins
        self._running: _Running | None = None

    @property
    def config(self) -> Config:
        """The configuration.

        Raises:
            ConfigError: Something is wrong with it.
        """
        return self._loaded.config

    @property
    def port(self) -> int:
        """The port it listens on; before the start, the one it is going to."""
        return self._running.transport.port if self._running else self.config.server.port

    @property
    def is_running(self) -> bool:
        """Whether it answers calls."""
        return self._running is not None

    @property
    def service(self) -> Service:
        """What answers the calls, for other transports to answer from too.

        Raises:
            Unavailable: The server is not running.
        """
        if self._running is None:
            raise Unavailable("the server is not running")
        return self._running.service

    @property
    def info(self) -> ServerInfo:
        """Where it listens and what it serves."""
        return ServerInfo(
            host=self.config.server.host,
            port=self.port,
            version=version("flightstream-core"),
            sources=tuple(self.config.sources),
            tls=self.config.server.tls.is_on,
            requires_client_certificate=self.config.server.tls.require_client_certificate,
        )

    def start(self) -> Self:
        """Build and start the plugins, then listen.

        Raises:
            ConfigError: All that is wrong with the configuration and the plugins.
            FlightStreamError: A plugin failed to start.
            Unavailable: The address cannot be listened on.
        """
        if self._running is not None:
            return self
        registry = build_registry(self._loaded, self._plugins)
        check_exposure(self._loaded, registry)
        server = self.config.server
        service = Service(
            registry,
            version=self.info.version,
            batch_bytes=min(server.batch_bytes, server.max_send_message_bytes),
            max_batch_bytes=server.max_send_message_bytes,
            listing_ttl_seconds=server.listing_ttl_seconds,
            login_limits=server.login_limits,
        )
        registry.startup(
            attrs.evolve(
                self.info,
                status=service.status,
                refresh=service.lookup.catalog.refresh_source,
            )
        )
        try:
            transport = listen(server, service)
        except BaseException:
            registry.shutdown()
            raise
        service.is_listening = True
        self._running = _Running(registry, service, transport)
        log.info("server_started", host=server.host, port=self.port, tls=self.info.tls)
        return self

    def stop(self, timeout_seconds: float | None = None) -> bool:
        """Refuse new calls, let running scans end, then stop.

        Args:
            timeout_seconds: For all of it; by default that of the configuration.

        Returns:
            Whether everything ended in time. If not, threads of a frozen client
            or plugin remain until that moves or the process ends.
        """
        if self._running is None:
            return True
        running, self._running = self._running, None
        if timeout_seconds is None:
            timeout_seconds = self.config.server.drain_timeout_seconds
        deadline = time.monotonic() + timeout_seconds
        kept_for_plugins = min(1.0, timeout_seconds / 10)
        log.info("server_stopping", active_calls=running.service.calls.active)
        drained = running.service.calls.drain(timeout_seconds - kept_for_plugins)
        # The last scan has ended before its client has read it all; shutdown() waits
        # for that, and would for ever if the client has stopped reading.
        left = deadline - kept_for_plugins - time.monotonic()
        ended = _within(left, running.transport.shutdown)
        stopped = _within(deadline - time.monotonic(), running.registry.shutdown)
        log.info(
            "server_stopped",
            drained=drained,
            clients_gone=ended,
            plugins_stopped=stopped,
        )
        return drained and ended and stopped

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()


@frozen(eq=False)
class _Running:
    registry: Registry
    service: Service
    transport: FlightServer


def _load(
    config: Config | Loaded | Path | str | None,
    plugins: Sequence[type[Any]],
    sources: Mapping[str, Any] | None,
    options: Mapping[str, Mapping[str, Any]] | None,
    settings: Mapping[str, Any],
) -> Loaded:
    if isinstance(config, Loaded):
        if sources or options or settings:
            raise TypeError("keywords cannot change a configuration that is loaded already")
        return config
    given = {"server": settings, "sources": sources or {}, "plugins": options or {}}
    if isinstance(config, Path | str):
        return load_config(config, overrides=given)
    tables: dict[str, Any] = {} if config is None else config.to_mapping()
    for section, values in given.items():
        tables[section] = {**tables.get(section, {}), **values}
    if config is None and plugins:
        tables["plugins"] = {"enabled": [], **tables["plugins"]}
    return load_mapping(tables)


def _within(seconds: float, function: Callable[[], Any]) -> bool:
    """Run something that may hang; tell whether it ended in time."""
    thread = Thread(target=function, daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    return not thread.is_alive()
