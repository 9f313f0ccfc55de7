"""A server as an object: built from a configuration, started, reloaded and stopped."""

import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Self

import pyarrow as pa
import structlog
from attrs import define, evolve, field

from flightstream.background import errands
from flightstream.config import Config, Given, Loaded, ServerConfig
from flightstream.errors import FlightStreamError, Unavailable
from flightstream.models import ServerInfo
from flightstream.plugin import ByteSize
from flightstream.registry import Kept, Registry, build_registry, within
from flightstream.rpc import FlightServer, check_exposure, listen
from flightstream.serving import Service, Setup

log = structlog.get_logger(__name__)

# For the shutdown hook of one plugin. What hangs for longer is left alone.
_HOOK_SECONDS = 1.0
# What the transport is told when it begins to listen, and never again.
_FIXED = ("host", "port", "tls")


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
        self._given = Given(config, plugins, sources or {}, options or {}, settings)
        self._loaded = self._given.load()
        self._running: _Running | None = None
        self._reloading = Lock()
        self._stopping = Lock()

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
        """Whether it listens, also while running scans may end before it stops."""
        return self._running is not None

    @property
    def is_ready(self) -> bool:
        """Whether it answers new calls: every plugin has started, it listens, and does not stop.

        During a reload it is ready all the time.

        .. versionadded:: 0.1
        """
        running = self._running
        return running is not None and running.service.is_ready

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
        running = self._running
        server = running.listening if running else self.config.server
        return _info(server, self.port, self.config)

    def start(self) -> Self:
        """Build and start the plugins, then listen.

        Raises:
            ConfigError: All that is wrong with the configuration and the plugins.
            FlightStreamError: A plugin failed to start.
            Unavailable: The address cannot be listened on.
        """
        if self._running is not None:
            return self
        server = self._loaded.draft.server  # what is wrong is told with what plugins add to it
        setup = self._build(self._loaded, server)
        service = Service(setup, server.login_limits)
        setup.registry.startup(_told(self.info, service))
        try:
            transport = listen(server, service)
        except BaseException:
            setup.registry.shutdown()
            raise
        service.listening()
        # At the first array made of Python's objects, Arrow imports pandas where that is
        # installed: for half a second or more, which no call has to wait.
        errands.start(lambda: pa.array([0]))
        self._running = _Running(service, transport, server)
        log.info("server_started", host=server.host, port=self.port, tls=server.tls.is_on)
        return self

    def reload(
        self,
        config: Config | Loaded | Path | str | None = None,
        *,
        sources: Mapping[str, Any] | None = None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        **settings: Any,
    ) -> None:
        """Go on with what the configuration says now; running scans end with what was.

        What the server was built from is read again: the file, the environment, the
        files of secrets. Arguments take the place of those that it was built with;
        of settings, those that are named. Plugin classes stay the same.

        New calls see all of the new configuration or, where it is refused, all of
        the old one. Plugins and sources of which nothing has changed run on; what is
        new is started first, and what is gone is shut down once the last call has
        ended that uses it. ``host``, ``port`` and ``tls`` stay as they are until
        the server is started again; the log says so.

        Args:
            config: See :class:`Server`.
            sources: See :class:`Server`.
            options: See :class:`Server`.
            settings: See :class:`Server`.

        Raises:
            FlightStreamError: All that is wrong with the new configuration, or the
                plugin that failed to start; nothing has changed.
            Unavailable: The server is not running, or stops.

        .. versionadded:: 0.1
        """
        with self._reloading:
            running = self._running
            if running is None or not running.service.is_ready:
                raise Unavailable("the server is not running")
            given = self._given.changed(config, sources, options, settings)
            log.info("reload_started")
            try:
                loaded = self._loaded.reread() if given == self._given else given.load()
                self._replace(running, loaded)
                self._given = given
            except FlightStreamError as exc:
                log.error("reload_refused", problems=exc.message.splitlines())
                raise

    def stop(self, timeout_seconds: float | None = None) -> bool:
        """Refuse new calls, let running scans end, then stop.

        Args:
            timeout_seconds: For all of it; by default that of the configuration. A
                plugin that hangs when it is shut down may add a second.

        Returns:
            Whether everything ended in time. If not, threads of a frozen client
            or plugin remain until that moves or the process ends.
        """
        with self._stopping:
            if self._running is None:
                return True
            if timeout_seconds is None:
                timeout_seconds = self.config.server.drain_timeout_seconds
            ended = self._stop(self._running, timeout_seconds)
            self._running = None
            return ended

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def _build(self, loaded: Loaded, server: ServerConfig, kept: Kept | None = None) -> Setup:
        registry = build_registry(loaded, self._given.plugins, kept)
        check_exposure(loaded, registry, server)
        return Setup(
            registry,
            version=version("flightstream-core"),
            batch_bytes=min(server.batch_bytes, server.max_send_message_bytes),
            max_batch_bytes=server.max_send_message_bytes,
            listing_ttl_seconds=server.listing_ttl_seconds,
            limits=server.limits,
        )

    def _replace(self, running: "_Running", loaded: Loaded) -> None:
        """Build and start what is new, and let new calls use it."""
        wanted = loaded.draft.server
        fixed = {name: getattr(running.listening, name) for name in _FIXED}
        server = evolve(wanted, **fixed)
        try:
            setup = self._build(loaded, server, running.service.setup.registry.kept)
            info = _info(server, self.port, loaded.config)
            setup.registry.startup(_told(info, running.service))
        finally:  # only now the options of plugins have been looked at
            for warning in loaded.warnings:
                log.warning("configuration_warning", problem=str(warning))
        try:
            replaced = running.service.replace(setup, server.login_limits)
        except Unavailable:  # it stops
            setup.registry.shutdown(_HOOK_SECONDS)
            raise
        running.transport.max_receive_bytes = ByteSize(server.max_receive_message_bytes)
        running.transport.advertise = server.advertise
        self._loaded = loaded
        log.info("reloaded", sources=list(loaded.config.sources), **_changes(replaced, setup))
        if changed := [name for name in _FIXED if getattr(wanted, name) != fixed[name]]:
            log.warning("restart_needed", keys=[f"server.{name}" for name in changed])
        running.retire(replaced)

    def _stop(self, running: "_Running", timeout_seconds: float) -> bool:
        deadline = time.monotonic() + timeout_seconds
        patience = min(_HOOK_SECONDS, timeout_seconds / 10)
        calls = running.service.calls
        log.info("server_stopping", active_calls=calls.active)
        drained = calls.drain(timeout_seconds - patience)
        # The last scan has ended before its client has read it all; shutdown() waits
        # for that, and would for ever if the client has stopped reading.
        ended = within(deadline - patience - time.monotonic(), running.transport.shutdown)
        # A reload that has not ended yet is refused, and stops what it has started.
        if self._reloading.acquire(timeout=max(0.0, deadline - time.monotonic())):
            self._reloading.release()
        stopped = running.shutdown(patience)
        running.service.close()
        log.info(
            "server_stopped",
            drained=drained,
            clients_gone=ended,
            plugins_stopped=stopped,
        )
        return drained and ended and stopped


@define(eq=False)
class _Running:
    """What there is while a server listens.

    Args:
        service: What answers.
        transport: What it answers through.
        listening: The configuration that the transport was started with.
    """

    service: Service
    transport: FlightServer
    listening: ServerConfig
    _retired: list[Registry] = field(factory=list, init=False)

    def retire(self, setup: Setup) -> None:
        """Shut down what was replaced, once no call uses it any more."""
        self._retired.append(setup.registry)

        def wait_and_shut_down() -> None:
            self.service.calls.wait_for_last(setup)
            setup.registry.shutdown(_HOOK_SECONDS)
            self._retired.remove(setup.registry)

        Thread(target=wait_and_shut_down, daemon=True, name="retired").start()

    def shutdown(self, patience_seconds: float) -> bool:
        """Shut down all plugins, also those that calls still use; last started, first stopped."""
        registries = [self.service.setup.registry, *reversed(self._retired)]
        in_time = [registry.shutdown(patience_seconds) for registry in registries]
        return all(in_time)


def _info(server: ServerConfig, port: int, config: Config) -> ServerInfo:
    return ServerInfo(
        host=server.host,
        port=port,
        version=version("flightstream-core"),
        sources=tuple(config.sources),
        tls=server.tls.is_on,
        requires_client_certificate=server.tls.require_client_certificate,
    )


def _told(info: ServerInfo, service: Service) -> ServerInfo:
    """Return what plugins are told: what a reload changes, they see there too."""
    return evolve(info, status=service.status, refresh=service.refresh)


def _changes(before: Setup, now: Setup) -> dict[str, list[str]]:
    """Return which plugins a reload has started, and which it is going to stop."""
    old, new = before.registry.plugins, now.registry.plugins
    return {
        "started": sorted({plugin.name for plugin in new if plugin not in old}),
        "stopping": sorted({plugin.name for plugin in old if plugin not in new}),
    }
