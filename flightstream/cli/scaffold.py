"""``flightstream plugins new``."""

import shlex
from pathlib import Path

import click

from flightstream.scaffold import KINDS, name_plugin, write_distribution


@click.command()
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(list(KINDS)),
    default="adapter",
    show_default=True,
    help="What the plugin is.",
)
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Where its folder is made; by default the working folder.",
)
def new(name: str, kind: str, folder: Path) -> None:
    """Begin the plugin NAME, as a distribution whose tests pass.

    An adapter serves JSON lines, a storage opens folders by URI, auth knows
    users by their tokens, and an observer adds a line to a file for each call:
    put what you need in place of that. NAME is words joined by hyphens. Begun
    as my-lake, pip installs flightstream-my-lake, and the configuration calls it
    my_lake. What is there is never overwritten.
    """
    begun = KINDS[kind]
    names = name_plugin(name, begun.noun)
    written = write_distribution(names, begun, folder)
    click.echo(f"wrote {written}. What it does begins in src/{names.module}/{begun.begins}.py.")
    click.echo("To install it in place, run its tests and see it listed:")
    for line in (
        f"cd {shlex.quote(str(written))}",
        'python -m pip install -e ".[testing]"',
        "python -m pytest",
        "flightstream plugins list",
    ):
        click.echo(f"  {line}")
