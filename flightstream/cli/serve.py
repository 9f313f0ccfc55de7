"""``flightstream serve``."""

import sys
from typing import Any

import click
import structlog

from flightstream.cli.greeting import greet, list_sources
from flightstream.cli.lifecycle import run_until_signal
from flightstream.cli.local import config_option, load_classes, plugin_option
from flightstream.config import load_config
from flightstream.logs import configure_logs
from flightstream.server import Server

log = structlog.get_logger(__name__)


@click.command()
@click.argument("uris", metavar="[URI]...", nargs=-1)
@config_option
@click.option("--host", help="The address to listen on; by default localhost.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port to listen on, 0 for any free one; by default 8080.",
)
@plugin_option
def serve(
    uris: tuple[str, ...],
    config: str | None,
    host: str | None,
    port: int | None,
    plugins: tuple[str, ...],
) -> None:
    """Serve folders and URIs over Arrow Flight until SIGTERM or SIGINT.

    Each URI is a source named after its last part. Without any, the sources are
    those of the configuration, or else DATA_DIRECTORY, or else data/.

    On the first signal running streams may finish; a second one ends the process
    at once. SIGHUP reads the configuration again and goes on with it. Logs go to
    standard error.
    """
    given: dict[str, Any] = {"server.host": host, "server.port": port}
    overrides = {key: value for key, value in given.items() if value is not None}

    def start() -> Server:
        loaded = load_config(config, uris=uris, overrides=overrides)
        configure_logs(loaded.draft.log)
        sys.setswitchinterval(loaded.draft.server.switch_interval_seconds)
        try:
            return Server(loaded, plugins=load_classes(plugins, loaded)).start()
        finally:  # only now the options of plugins have been looked at
            for warning in loaded.warnings:
                log.warning("configuration_warning", problem=str(warning))

    def reloaded(server: Server) -> None:
        configure_logs(server.config.log)
        sys.setswitchinterval(server.config.server.switch_interval_seconds)
        list_sources(server)

    run_until_signal(start, greet, reloaded)
