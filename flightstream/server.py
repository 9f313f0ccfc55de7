"""A server as an object: built from a configuration, started and stopped."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any, Self

import structlog

from flightstream.config import Config, Loaded, load_config, load_mapping
from flightstream.errors import ConfigError, FlightStreamError, Unavailable
from flightstream.models import ServerInfo
from flightstream.registry.build import build_registry
from flightstream.rpc import FlightServer
from flightstream.service import Service

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
        self._registry = build_registry(self._loaded, plugins)
        self._config = self._loaded.config
        server = self._config.server
        self._service = Service(
            self._registry,
            version=version("flightstream-core"),
            batch_bytes=server.batch_bytes,
            max_batch_bytes=server.max_send_message_bytes,
            listing_ttl_seconds=server.listing_ttl_seconds,
        )
        self._transport: FlightServer | None = None

    @property
    def port(self) -> int:
        """The port it listens on; before the start, the one it is going to."""
        return self._transport.port if self._transport else self._config.server.port

    @property
    def is_running(self) -> bool:
        """Whether it answers calls."""
        return self._transport is not None

    @property
    def service(self) -> Service:
        """What answers the calls, for other transports to answer from too."""
        return self._service

    @property
    def info(self) -> ServerInfo:
        """Where it listens and what it serves."""
        return ServerInfo(
            host=self._config.server.host,
            port=self.port,
            version=self._service.version,
            sources=tuple(self._config.sources),
        )
