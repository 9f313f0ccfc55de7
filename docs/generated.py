"""The parts of pages that are made from the code: ```` ```{generated} KIND ARGUMENT ````.

Sphinx and the tests expand them alike, so what a page says of an option, a
command or a law is what the code says.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from flightstream import hookspecs, testing
from flightstream.cli.options import OptionRow, option_rows
from flightstream.cli.profiles import Profile
from flightstream.cli.program import flightstream
from flightstream.config import (
    FlightConfig,
    Limits,
    LogConfig,
    LoginLimits,
    PluginsConfig,
    ServerConfig,
    SourceConfig,
    TlsConfig,
)
from flightstream.plugin import options_of
from flightstream.registry.discover import GROUP, SERVICES

SECTIONS: dict[str, type[Any]] = {
    "server": ServerConfig,
    "server.tls": TlsConfig,
    "server.login_limits": LoginLimits,
    "server.limits": Limits,
    "log": LogConfig,
    "plugins": PluginsConfig,
    "sources.NAME": SourceConfig,
    "sources.NAME.flights.FLIGHT": FlightConfig,
}
PLUGINS = Path(__file__).parents[1] / "plugins"

_DIRECTIVE = re.compile(r"^```\{generated\} (\S+)(?: (\S+))?\n```$", re.MULTILINE)


def expand(page: str) -> str:
    """Return a page with what is generated in its place."""
    return _DIRECTIVE.sub(lambda match: _KINDS[match[1]](*filter(None, [match[2]])), page)


def plugin_classes() -> dict[str, type[Any]]:
    """Return the plugins that this repository has, by name."""
    ours = {folder.name for folder in PLUGINS.iterdir()}
    entries = [*entry_points(group=GROUP), *entry_points(group=SERVICES)]
    return {e.name: e.load() for e in entries if e.dist is not None and e.dist.name in ours}


def hooks() -> dict[str, Callable[..., Any]]:
    """Return the specification of each hook, in the order of the contract."""
    specs = vars(hookspecs).items()
    return {name: spec for name, spec in specs if hasattr(spec, "flightstream_spec")}


def signature(hook: str) -> str:
    """Return a hook's signature as it is written in the contract."""
    source = inspect.getsource(hooks()[hook])
    return re.search(r"^def .*?:$", source, re.DOTALL | re.MULTILINE)[0].removesuffix(":")  # type: ignore[index]


def commands() -> Iterator[click.Context]:
    """Yield each command, with the words that call it, in the order of the help."""
    top = click.Context(flightstream, info_name="flightstream", **flightstream.context_settings)
    yield from _commands(flightstream, top)


def laws(kit: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Yield the groups of laws of a kit: their class, what it says, and each law with that.

    Those of another kit that it extends are left out.
    """
    cls = getattr(testing, kit)
    for group in [cls, *cls.__mro__[1:]]:
        if group is not cls and group.__name__ in testing.__all__:
            return
        found = [
            (name, _first_line(law))
            for name, law in vars(group).items()
            if name.startswith("test_")
        ]
        if found:
            yield group.__name__, _first_line(group), found


def _commands(group: click.Group, above: click.Context) -> Iterator[click.Context]:
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        assert command is not None
        context = click.Context(command, above, info_name=name)
        if isinstance(command, click.Group):
            yield from _commands(command, context)
        else:
            yield context


def _section(name: str) -> str:
    return _options(SECTIONS[name])


def _plugin_options() -> str:
    parts = []
    for name, cls in sorted(plugin_classes().items()):
        table = _options(cls) if options_of(cls) else "It has no options."
        parts.append(f"### `[plugins.{name}]`\n{_first_line(cls)}\n\n{table}")
    return "\n\n".join(parts)


def _options(cls: type[Any]) -> str:
    """Return what ``flightstream plugins show --markdown`` does, narrow enough for a page."""
    rows = map(_option, option_rows(cls))
    return "\n".join(["| Key | Meaning |", "| --- | --- |", *rows])


def _option(row: OptionRow) -> str:
    default = "required" if row.default is None else f"default `{row.default}`"
    facts = [row.type, default if row.default != "" else "not set by default"]
    if row.env:
        facts.append(f"environment `{row.env}`")
    meaning = f"{row.meaning[:1].upper()}{row.meaning[1:]}".rstrip(".").replace("*", "\\*")
    return f"| `{row.name}` | {_cell(meaning)}.<br>{_cell(' · '.join(facts))} |"


def _variables() -> str:
    """Return a table of the variables that options name."""
    lines = ["| Variable | sets |", "| --- | --- |"]
    named = list(SECTIONS.items())
    named += [(f"plugins.{name}", cls) for name, cls in sorted(plugin_classes().items())]
    for section, cls in named:
        for row in option_rows(cls):
            if row.env:
                lines.append(f"| `{row.env}` | `{section}.{row.name}` |")
    return "\n".join(lines)


def _reference() -> str:
    return "\n\n".join(map(_command, commands()))


def _command(context: click.Context) -> str:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    rows = [
        parameter.get_help_record(context)
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
    ]
    table = [f"| `{_cell(row[0])}` | {_cell(row[1])} |" for row in rows if row is not None]
    return "\n\n".join(
        [
            f"## {context.command_path}",
            f"```text\n{usage}\n```",
            inspect.cleandoc(command.help or ""),
            "\n".join(["| Option | Meaning |", "| --- | --- |", *table]),
            inspect.cleandoc(command.epilog or ""),
        ]
    )


def _laws(kit: str) -> str:
    return "\n\n".join(
        "\n".join([f"**{summary}**", "", *(f"- `{name}`: {said}" for name, said in found)])
        for _, summary, found in laws(kit)
    )


def _hook_list() -> str:
    lines = ["| Hook | |", "| --- | --- |"]
    for name, spec in hooks().items():
        arguments = ", ".join(inspect.signature(spec).parameters)
        lines.append(f"| [`{name}({arguments})`]({name}.md) | {_first_line(spec)} |")
    return "\n".join(lines)


def _first_line(documented: Any) -> str:
    text = inspect.getdoc(documented) or ""
    return text.partition("\n\n")[0].replace("\n", " ").replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_KINDS: dict[str, Callable[..., str]] = {
    "section": _section,
    "profile": lambda: _options(Profile),
    "plugin-options": _plugin_options,
    "variables": _variables,
    "commands": _reference,
    "laws": _laws,
    "hooks": _hook_list,
}
