"""``flightstream plugins check``."""

from collections.abc import Sequence
from importlib import import_module
from itertools import groupby
from typing import Any

import attrs
import click
from rich.console import Console
from rich.progress import Progress

from flightstream.cli.local import load_classes
from flightstream.cli.text import printable
from flightstream.cli.values import json_text
from flightstream.config.environment import Text

FAILED = 1


def _split(
    _ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    options = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE")
        options[name] = Text(value).literal
    return options


@click.command()
@click.argument("plugin", metavar="MODULE:CLASS")
@click.option(
    "--source",
    "uri",
    metavar="URI",
    help="Data for an adapter or a storage: a folder, a file or a URI.",
)
@click.option(
    "-o",
    "--option",
    "options",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_split,
    help="An option of the plugin, as TOML or plain text; may be given several times.",
)
@click.option(
    "--plugin",
    "services",
    metavar="MODULE:CLASS",
    multiple=True,
    help="A service that it needs, such as the storage of the source.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, one for each law.")
def check(
    plugin: str,
    uri: str | None,
    options: dict[str, Any],
    services: tuple[str, ...],
    as_json: bool,
) -> None:
    """Hold the plugin MODULE:CLASS against the laws that its kind keeps.

    An adapter is read at --source, a storage is opened there: give a small one,
    for its data is read many times and never changed. What is read first is what
    everything else is held against. An authenticator or observer needs no source.

    The exit code is 1 if a law is broken.
    """
    (cls,) = load_classes([plugin])
    others = load_classes(services)
    try:
        testing = import_module("flightstream.testing.check")
    except ModuleNotFoundError as exc:
        raise click.ClickException(
            f"{exc.name} is not installed: pip install flightstream-core[testing]"
        ) from exc
    console = Console(stderr=True)
    console.quiet = not console.is_terminal  # older versions of rich end even a disabled line
    with Progress(console=console, transient=True, disable=console.quiet) as bar:
        task = bar.add_task("laws", total=None)
        verdicts = testing.check(
            cls, uri, options, others, lambda done, of: bar.update(task, completed=done, total=of)
        )
    if as_json:
        click.echo(json_text([attrs.asdict(verdict) for verdict in verdicts]))
    else:
        _report(verdicts)
    if any(verdict.outcome == "broken" for verdict in verdicts):
        raise click.exceptions.Exit(FAILED)


def _report(verdicts: Sequence[Any]) -> None:
    """Print what a person has to do, and last how it stands."""
    laws: dict[str, list[Any]] = {"kept": [], "broken": [], "unchecked": []}
    for verdict in verdicts:
        laws[verdict.outcome].append(verdict)
    for verdict in laws["broken"]:
        click.echo(f"broken: {verdict.law}")
        for line in [verdict.meaning, *verdict.why.splitlines(), *verdict.log.splitlines()]:
            click.echo(f"  {printable(line)}")
        click.echo()
    if laws["unchecked"]:
        click.echo("unchecked, and what each would need:")
        needs = sorted(laws["unchecked"], key=lambda verdict: verdict.why)
        for why, of in groupby(needs, lambda verdict: verdict.why):
            click.echo(f"  {why}\n    for: {', '.join(verdict.law for verdict in of)}")
        click.echo()
    counts = ", ".join(f"{len(some)} {outcome}" for outcome, some in laws.items())
    click.echo(f"{len(verdicts)} laws: {counts}")
