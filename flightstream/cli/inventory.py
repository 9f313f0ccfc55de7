"""Which plugins there are, and what one configuration makes of each."""

from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import EntryPoint
from typing import Any, Literal, TypeAlias

from attrs import evolve, frozen

from flightstream.config import Loaded, PluginsConfig
from flightstream.errors import ConfigError, PluginLoadError
from flightstream.registry import PluginClass, build_registry, select_plugins
from flightstream.registry.discover import given, installed, load

State: TypeAlias = Literal["active", "disabled", "broken"]


@frozen
class PluginState:
    """A plugin, and whether a server would use it.

    Args:
        name: Its name in the configuration.
        kind: ``adapter`` or ``service``; unknown where it is not imported.
        distribution: What brings it.
        version: Of that.
        state: Active, disabled (also by not being asked for) or broken.
        why: Why it is not active.
    """

    name: str
    kind: str | None
    distribution: str | None
    version: str | None
    state: State
    why: str = ""


def inventory(loaded: Loaded, classes: Sequence[type[Any]]) -> list[PluginState]:
    """Return the plugins given, those installed, and those that are wanted but missing.

    A plugin that the configuration keeps from being used is not imported.
    """
    chosen = loaded.draft.plugins
    selected = select_plugins(loaded, classes)
    problems = _problems(loaded, classes)
    own = [plugin.name for plugin in given(classes)]
    entries = installed()
    states = []
    for name in dict.fromkeys([*own, *entries, *(chosen.enabled or ()), *chosen.options]):
        if name in selected:
            why = problems.get(name, "")
            states.append(_loaded(selected[name], "broken" if why else "active", why))
        elif name in own:
            states.append(_loaded(find_plugin(name, classes), "disabled", "in plugins.disabled"))
        elif name in entries:
            states.append(_unselected(entries[name], chosen))
        elif name not in chosen.disabled:
            why = f"not installed: pip install flightstream-{name}"
            states.append(PluginState(name, None, None, None, "broken", why))
    return states


def find_plugin(name: str, classes: Sequence[type[Any]]) -> PluginClass:
    """Return one plugin, whatever the configuration says of it.

    Raises:
        PluginLoadError: It is not installed, or cannot be imported.
    """
    for plugin in given(classes):
        if plugin.name == name:
            return plugin
    entries = installed()
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise PluginLoadError(
            f"the plugin {name!r} is not installed: pip install flightstream-{name}"
            f" (installed: {known})"
        )
    return load(entries[name])


def _loaded(plugin: PluginClass, state: State, why: str) -> PluginState:
    return PluginState(plugin.name, plugin.kind, plugin.distribution, plugin.version, state, why)


def _unselected(entry: EntryPoint, chosen: PluginsConfig) -> PluginState:
    name, dist = entry.name, entry.dist
    unread = PluginState(
        name, None, dist.name if dist else None, dist.version if dist else None, "disabled"
    )
    if chosen.enabled is not None and name not in chosen.enabled:
        return evolve(unread, why="not in plugins.enabled")
    if name in chosen.disabled:
        return evolve(unread, why="in plugins.disabled")
    try:
        plugin = load(entry)
    except PluginLoadError as exc:
        return evolve(unread, state="broken", why=exc.message)
    return _loaded(plugin, "disabled", f"no [plugins.{name}] in the configuration")


def _problems(loaded: Loaded, classes: Sequence[type[Any]]) -> dict[str, str]:
    """Return what is wrong with the options of each plugin."""
    with suppress(ConfigError):
        build_registry(loaded, classes)
    found: dict[str, str] = {}
    for problem in loaded.problems:
        match problem.key.split("."):
            case ["plugins", name, *_] | ["sources", _, "options", name, *_]:
                found.setdefault(name, str(problem))
    return found
