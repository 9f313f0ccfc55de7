"""``flightstream check``."""

import sys

import click

from flightstream.cli.local import load_classes, plugin_option
from flightstream.cli.output import show_table
from flightstream.cli.text import printable
from flightstream.config import load_config
from flightstream.logs import configure_logs
from flightstream.registry import build_registry
from flightstream.rpc import check_exposure


@click.command()
@click.argument("config", metavar="[CONFIG]", required=False)
@plugin_option
def check(config: str | None, plugins: tuple[str, ...]) -> None:
    """Check a configuration, and show each value and where it came from.

    CONFIG is a file, by default flightstream.toml in the working folder if it is
    there. Plugins are loaded, but nothing is started and no data read. Secrets
    are hidden. The exit code is 2 if anything is wrong, with all problems on
    standard error.
    """
    loaded = load_config(config)
    configure_logs(loaded.draft.log)
    try:
        check_exposure(loaded, build_registry(loaded, load_classes(plugins, loaded)))
    finally:
        rows = [[row.key, row.shown, row.origin] for row in loaded.describe()]
        show_table(["key", "value", "from"], rows, whole=True)
        sys.stdout.flush()
        for warning in loaded.warnings:
            click.echo(f"warning: {printable(str(warning))}", err=True)
