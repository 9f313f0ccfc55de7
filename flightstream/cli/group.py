"""A group of commands that are imported when they are called, our own and others'."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from flightstream.cli.text import printable

GROUP = "flightstream.commands"


class LazyGroup(click.Group):
    """Commands by name, and those that distributions add by entry point.

    An entry point of the group ``flightstream.commands`` names a click command.
    One that cannot be loaded is a line in the help and an error once it is
    called; one that has the name of a command of ours is never loaded.

    Args:
        commands_by_name: ``module:attribute`` and the line in the help.
    """

    def __init__(
        self, *args: Any, commands_by_name: Mapping[str, tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._own = commands_by_name

    def invoke(self, ctx: click.Context) -> None:
        """Run a command; what it returns is not an exit code."""
        super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return our own commands in their order, then the added ones sorted."""
        return [*self._own, *sorted(self._added())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name in self._own:
            module, _, attribute = self._own[cmd_name][0].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        entry = self._added().get(cmd_name)
        return None if entry is None else _load(entry)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands; ours are not imported for that."""
        added = {name: _load(entry) for name, entry in sorted(self._added().items())}
        width = formatter.width - 6 - max(map(len, self.list_commands(ctx)))
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._own.items()])
        if added:
            with formatter.section("Commands of plugins"):
                lines = [(name, cmd.get_short_help_str(width)) for name, cmd in added.items()]
                formatter.write_dl(lines)

    def _added(self) -> dict[str, EntryPoint]:
        found = entry_points(group=GROUP)
        return {entry.name: entry for entry in found if entry.name not in self._own}


def _load(entry: EntryPoint) -> click.Command:
    try:
        command = entry.load()
    except (Exception, SystemExit) as exc:
        return _broken(entry, f"{type(exc).__name__}: {exc}")
    if not isinstance(command, click.Command):
        return _broken(entry, f"{entry.value} is {type(command).__name__}, not a click command")
    return command


def _broken(entry: EntryPoint, reason: str) -> click.Command:
    brought_by = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
    reason = printable(reason)

    def fail(**_ignored: Any) -> None:
        raise click.ClickException(
            f"the command {entry.name!r}{brought_by} cannot be loaded: {reason}"
        )

    return click.Command(
        entry.name,
        callback=fail,
        short_help=f"(broken: {reason})",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
    )
