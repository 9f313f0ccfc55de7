"""Which plugins a configuration uses, and why not the others."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import define, frozen

from flightstream.config import Loaded, PluginsConfig
from flightstream.errors import PluginLoadError
from flightstream.registry.discover import (
    SERVICES,
    Found,
    PluginClass,
    given,
    in_folder,
    installed,
)

State: TypeAlias = Literal["active", "disabled", "broken"]


@frozen(eq=False)
class Choice:
    """A plugin, and what the configuration makes of it.

    Args:
        name: Its name in the configuration.
        state: Active, disabled (also by not being asked for) or broken.
        why: Why it is not active.
        distribution: The distribution that brings it, if it is installed.
        version: That of the distribution; ``None`` if there is no such plugin.
        file: The file that it is, if it is in a folder of ``plugins.paths``.
        plugin: Its class, where it is active.
    """

    name: str
    state: State
    why: str = ""
    distribution: str | None = None
    version: str | None = None
    file: Path | None = None
    plugin: PluginClass | None = None


@define(eq=False)
class Selection:
    """What a configuration makes of the plugins there are.

    Args:
        choices: Those that are used, the first to be asked first, and the others.
    """

    choices: list[Choice]
    _config: PluginsConfig
    _known: Collection[str]

    @property
    def plugins(self) -> Mapping[str, PluginClass]:
        """Those that are used, by name and in order."""
        return {one.name: one.plugin for one in self.choices if one.plugin is not None}

    def why_not(self, name: str) -> str:
        """Say why a plugin that something names is not used, and what to do."""
        if name in self._config.disabled:
            return f"the plugin {name!r} is in plugins.disabled"
        if name not in self._known:
            return _not_installed(name, self._known)
        if self._config.enabled is not None and name not in self._config.enabled:
            return f"add {name!r} to plugins.enabled"
        if all(one.state == "disabled" for one in self.choices if one.name == name):
            return f"the plugin {name!r} is in plugins.disabled under its full name"
        return f"the plugin {name!r} is not in use"  # it could not be loaded


def select_plugins(loaded: Loaded, classes: Sequence[type[Any]] = ()) -> Selection:
    """Choose plugins in the order of the configuration, and import those alone.

    The classes given come first. Without ``plugins.enabled`` they are followed
    by every adapter and storage installed, the services that have a section, and
    the files of ``plugins.paths``, by name. What is wrong is added to the
    problems of the configuration.
    """
    config = loaded.draft.plugins
    try:
        handed = [_handed(config, plugin) for plugin in given(classes)]
    except PluginLoadError as exc:
        loaded.add_problem(("plugins",), exc.message)
        return Selection([], config, ())
    names = {one.name for one in handed}
    there = [found for found in find(loaded) if found.name not in names]
    wanted: dict[str, list[Found]] = {name: [] for name in config.enabled or ()}
    unused: list[Choice] = []
    for found in there:
        if why := _unwanted(config, found):
            unused.append(_choice(found, "disabled", why))
        else:
            wanted.setdefault(found.name, []).append(found)
    imported = [choice for rivals in wanted.values() for choice in _load(rivals)]
    known = names | {found.name for found in there}
    selection = Selection([*handed, *imported, *unused], config, known)
    _report(loaded, selection, wanted)
    for name in dict.fromkeys([*wanted, *config.options]):
        if name not in known and name not in config.disabled:
            selection.choices.append(Choice(name, "broken", selection.why_not(name)))
    return selection


def find(loaded: Loaded) -> list[Found]:
    """Return what is installed and what lies in the folders, by name; nothing is imported."""
    found = installed()
    for number, folder in enumerate(loaded.draft.plugins.paths):
        try:
            found += in_folder(folder)
        except PluginLoadError as exc:
            loaded.add_problem(("plugins", "paths", number), exc.message)
    return sorted(found, key=lambda one: one.name)


def only(rivals: Sequence[Found]) -> Found:
    """Return the one plugin of a name.

    Raises:
        PluginLoadError: There are several; it says how to choose.
    """
    if len(rivals) == 1:
        return rivals[0]
    origins = " and by ".join(one.origin for one in rivals)
    names = " or ".join(repr(one.full_name) for one in rivals if one.full_name)
    cure = "uninstall one of them" if all(one.full_name for one in rivals) else "rename a file"
    choose = f", or put {names} in plugins.disabled" if names else ""
    raise PluginLoadError(f"the plugin {rivals[0].name!r} is brought by {origins}: {cure}{choose}")


def _unwanted(config: PluginsConfig, found: Found) -> str:
    """Say why a plugin is not to be used; an empty text where it is."""
    if found.name in config.disabled or found.full_name in config.disabled:
        return "in plugins.disabled"
    if config.enabled is not None:
        return "" if found.name in config.enabled else "not in plugins.enabled"
    if found.group == SERVICES and found.name not in config.options:
        return f"no [plugins.{found.name}] in the configuration"
    return ""


def _load(rivals: Sequence[Found]) -> list[Choice]:
    """Import a plugin, unless nothing or more than one thing brings it."""
    if not rivals:
        return []
    try:
        found = only(rivals)
        return [_choice(found, "active", plugin=found.load())]
    except PluginLoadError as exc:
        return [_choice(one, "broken", exc.message) for one in rivals]


def _report(loaded: Loaded, selection: Selection, wanted: Iterable[str]) -> None:
    """Add what keeps a plugin from being used that the configuration wants."""
    config = loaded.draft.plugins
    key = ("plugins",) if config.enabled is None else ("plugins", "enabled")
    broken = {one.name: one.why for one in selection.choices if one.state == "broken"}
    fine = {*selection.plugins, *config.disabled}
    for name in wanted:
        if name not in fine:
            loaded.add_problem(key, broken.get(name) or selection.why_not(name))
    for name in config.options:
        if name not in fine and name not in broken:
            loaded.add_problem(("plugins", name), selection.why_not(name))


def _choice(found: Found, state: State, why: str = "", plugin: PluginClass | None = None) -> Choice:
    return Choice(found.name, state, why, found.distribution, found.version, found.file, plugin)


def _handed(config: PluginsConfig, plugin: PluginClass) -> Choice:
    whence = (plugin.distribution, plugin.version, None)
    if plugin.name in config.disabled:
        return Choice(plugin.name, "disabled", "in plugins.disabled", *whence)
    return Choice(plugin.name, "active", "", *whence, plugin)


def _not_installed(name: str, known: Collection[str]) -> str:
    cure = f"pip install flightstream-{name}"
    if near := get_close_matches(name, known, 1):
        cure = f"did you mean {near[0]!r}? if not, {cure}"
    return f"the plugin {name!r} is not installed: {cure}"
