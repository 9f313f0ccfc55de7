"""``flightstream plugins list`` and ``flightstream plugins show``."""

import inspect

import attrs
import click

from flightstream.cli.conformance import check
from flightstream.cli.inventory import PluginState, find_plugin, inventory
from flightstream.cli.local import config_option, load_classes, plugin_option
from flightstream.cli.options import HEADER, markdown, option_rows
from flightstream.cli.output import show_table
from flightstream.cli.scaffold import new
from flightstream.cli.text import printable
from flightstream.cli.values import json_text
from flightstream.config import load_config
from flightstream.logs import configure_logs
from flightstream.registry import PluginClass

_COLUMNS = ("name", "kind", "distribution", "version", "state", "why", "sources", "hooks")


@click.group()
def plugins() -> None:
    """List plugins, describe their options, check what one does, and begin a new one."""


plugins.add_command(check)
plugins.add_command(new)


@plugins.command("list")
@config_option
@plugin_option
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
def list_(config: str | None, plugins: tuple[str, ...], as_json: bool) -> None:
    """List the plugins, and what the configuration makes of each.

    A plugin is active, disabled (not imported, or not asked for) or broken.
    """
    loaded = load_config(config)
    configure_logs(loaded.draft.log)
    states = inventory(loaded, load_classes(plugins, loaded))
    for problem in loaded.problems:
        if problem.key.startswith("plugins.paths"):  # what belongs to no plugin
            click.echo(f"warning: {printable(str(problem))}", err=True)
    if as_json:
        click.echo(json_text([attrs.asdict(state) for state in states]))
    elif states:
        show_table(_COLUMNS, [_row(state) for state in states], whole=True)
    else:
        click.echo("note: no plugin is installed: pip install flightstream-csv", err=True)


def _row(state: PluginState) -> list[str]:
    hooks = [*state.implements, *(f"wraps {hook}" for hook in state.wraps)]
    return [
        state.name,
        state.kind or "",
        state.distribution or state.file or "",
        state.version or "",
        state.state,
        state.why,
        ", ".join(state.sources),
        ", ".join(hooks),
    ]


@plugins.command()
@click.argument("name")
@config_option
@plugin_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the options as a table.")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
def show(
    name: str, config: str | None, plugins: tuple[str, ...], as_markdown: bool, as_json: bool
) -> None:
    """Describe the plugin NAME and its options."""
    loaded = load_config(config)
    plugin = find_plugin(name, loaded, load_classes(plugins))
    rows = option_rows(plugin.cls)
    if as_markdown:
        click.echo(markdown(rows))
    elif as_json:
        described = _described(plugin) | {"options": [attrs.asdict(row) for row in rows]}
        click.echo(json_text(described))
    else:
        for key, value in _described(plugin).items():
            shown = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"{key + ':':14}{printable(str(shown or '-'))}")
        if rows:
            click.echo()
            show_table(HEADER, [row.cells() for row in rows], whole=True)


def _described(plugin: PluginClass) -> dict[str, object]:
    summary = (inspect.getdoc(plugin.cls) or "").partition("\n")[0]
    return {
        "name": plugin.name,
        "kind": plugin.kind,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "summary": summary,
        "pushdown": sorted(getattr(plugin.cls, "pushdown", ())),
    }
