"""Which plugins there are, and what one configuration makes of each."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal, TypeAlias

from attrs import evolve, frozen

from flightstream.config import Loaded
from flightstream.errors import ConfigError, PluginLoadError
from flightstream.registry import PluginClass, build_registry
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
    extra = {plugin.name: plugin for plugin in given(classes)}
    entries = {name: entry for name, entry in installed().items() if name not in extra}
    problems = _problems(loaded, classes)
    states = [_state(loaded, plugin, problems) for plugin in extra.values()]
    for name, entry in entries.items():
        distribution = entry.dist.name if entry.dist else None
        version = entry.dist.version if entry.dist else None
        unread = PluginState(name, None, distribution, version, "disabled")
        unwanted = chosen.enabled is not None and name not in chosen.enabled
        if name in chosen.disabled or unwanted:
            why = "not in plugins.enabled" if unwanted else "in plugins.disabled"
            states.append(evolve(unread, why=why))
            continue
        try:
            states.append(_state(loaded, load(entry), problems))
        except PluginLoadError as exc:
            states.append(evolve(unread, state="broken", why=exc.message))
    wanted = [*(chosen.enabled or ()), *chosen.options]
    for name in dict.fromkeys(wanted):
        if name not in extra and name not in entries and name not in chosen.disabled:
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


def _state(loaded: Loaded, plugin: PluginClass, problems: dict[str, str]) -> PluginState:
    chosen = loaded.draft.plugins
    active = PluginState(plugin.name, plugin.kind, plugin.distribution, plugin.version, "active")
    if plugin.name in chosen.disabled:
        return evolve(active, state="disabled", why="in plugins.disabled")
    if plugin.name in problems:
        return evolve(active, state="broken", why=problems[plugin.name])
    always = plugin.kind == "adapter" or plugin.opens_storage or plugin.distribution is None
    if chosen.enabled is None and not always and plugin.name not in chosen.options:
        why = f"no [plugins.{plugin.name}] in the configuration"
        return evolve(active, state="disabled", why=why)
    return active


def _problems(loaded: Loaded, classes: Sequence[type[Any]]) -> dict[str, str]:
    """Return what is wrong with the options of each plugin."""
    with suppress(ConfigError):
        build_registry(loaded, classes)
    found: dict[str, str] = {}
    for problem in loaded.problems:
        parts = problem.key.split(".")
        name = None
        if parts[0] == "plugins" and len(parts) > 1:
            name = parts[1]
        elif parts[0] == "sources" and parts[2:3] == ["options"] and len(parts) > 3:
            name = parts[3]
        if name is not None:
            found.setdefault(name, str(problem))
    return found
