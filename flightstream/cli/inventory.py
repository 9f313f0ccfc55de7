"""Which plugins there are, and what one configuration makes of each."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import frozen

from flightstream.config import Config, Loaded
from flightstream.errors import ConfigError, PluginLoadError
from flightstream.registry import Choice, PluginClass, build_registry, select_plugins
from flightstream.registry.discover import given
from flightstream.registry.select import State, find, only
from flightstream.registry.validate import hook_names


@frozen
class PluginState:
    """A plugin, and whether a server would use it.

    Args:
        name: Its name in the configuration.
        kind: ``adapter`` or ``service``; unknown where it is not imported.
        distribution: What brings it.
        version: Of that.
        file: What it is, if it is in a folder of ``plugins.paths``.
        implements: The hooks that it answers.
        wraps: The hooks that it wraps.
        sources: Those that an adapter reads.
        state: Active, disabled (also by not being asked for) or broken.
        why: Why it is not active.
    """

    name: str
    kind: str | None
    distribution: str | None
    version: str | None
    file: str | None
    implements: list[str]
    wraps: list[str]
    sources: list[str]
    state: State
    why: str


def inventory(loaded: Loaded, classes: Sequence[type[Any]]) -> list[PluginState]:
    """Return the plugins given, those there are, and those that are wanted but missing.

    A plugin that the configuration keeps from being used is not imported.

    Raises:
        PluginLoadError: The classes given have one name.
    """
    given(classes)
    with suppress(ConfigError):
        build_registry(loaded, classes)
    problems = _problems(loaded)
    choices = select_plugins(loaded, classes).choices
    return [_state(choice, loaded.draft, problems) for choice in choices]


def find_plugin(name: str, loaded: Loaded, classes: Sequence[type[Any]]) -> PluginClass:
    """Return one plugin, whatever the configuration says of its being used.

    Raises:
        PluginLoadError: There is none, more than one, or it cannot be imported.
    """
    for plugin in given(classes):
        if plugin.name == name:
            return plugin
    there = find(loaded)
    rivals = [found for found in there if name in (found.name, found.full_name)]
    if not rivals:
        known = ", ".join(dict.fromkeys(found.name for found in there)) or "none"
        raise PluginLoadError(
            f"the plugin {name!r} is not installed: pip install flightstream-{name}"
            f" (installed: {known})"
        )
    return only(rivals).load()


def _state(choice: Choice, config: Config, problems: Mapping[str, str]) -> PluginState:
    plugin, state, why = choice.plugin, choice.state, choice.why
    kind = plugin.kind if plugin else None
    implements, wraps = hook_names(plugin.cls) if plugin else ([], [])
    sources: list[str] = []
    if plugin is not None:
        if choice.name in problems:
            state, why = "broken", problems[choice.name]
        elif kind == "adapter":
            sources = [name for name, source in config.sources.items() if source.uses(choice.name)]
    return PluginState(
        choice.name,
        kind,
        choice.distribution,
        choice.version,
        str(choice.file) if choice.file else None,
        implements,
        wraps,
        sources,
        state,
        why,
    )


def _problems(loaded: Loaded) -> dict[str, str]:
    """Return what is wrong with the options and hooks of each plugin."""
    found: dict[str, str] = {}
    for problem in loaded.problems:
        match problem.key.split("."):
            case ["plugins", name, *_] | ["sources", _, "options", name, *_]:
                found.setdefault(name, str(problem))
    return found
