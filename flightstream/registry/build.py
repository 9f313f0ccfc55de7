"""From a configuration to a registry; every problem is added to the configuration's."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

import attrs
from attrs import define, field

from flightstream.config import Loaded, PluginsConfig, SourceConfig
from flightstream.errors import ConfigError, FlightStreamError, PluginLoadError
from flightstream.models import Storage
from flightstream.plugin import Secret, options_of
from flightstream.registry.border import Plugin
from flightstream.registry.discover import PluginClass, given, installed, load
from flightstream.registry.mount import Mount
from flightstream.registry.registry import Registry
from flightstream.registry.services import Services
from flightstream.registry.validate import hook_problems
from flightstream.storage import Source, open_local


def build_registry(loaded: Loaded, classes: Sequence[type[Any]] = ()) -> Registry:
    """Load the selected plugins and mount the adapters at the sources.

    Args:
        loaded: The configuration.
        classes: Plugin classes beside the installed ones.

    Raises:
        ConfigError: All that is wrong with the configuration and the plugins,
            a line for each problem.
    """
    builder = _Builder(loaded, select_plugins(loaded, classes))
    services = Services.of(builder.services())
    mounts = builder.mounts(services)
    loaded.check()
    return Registry(services, tuple(mounts))


def select_plugins(loaded: Loaded, classes: Sequence[type[Any]] = ()) -> dict[str, PluginClass]:
    """Return the selected plugins in the order of the configuration.

    The classes given come first. Without ``plugins.enabled`` they are followed
    by every installed adapter and storage, and the services that have a section.
    """
    chosen = loaded.draft.plugins
    try:
        found = {plugin.name: plugin for plugin in given(classes)}
        candidates = installed()
    except PluginLoadError as exc:
        loaded.add_problem(("plugins",), exc.message)
        return {}
    wanted = [*found, *(candidates if chosen.enabled is None else chosen.enabled)]
    selected: dict[str, PluginClass] = {}
    for name in dict.fromkeys(wanted):
        if name in chosen.disabled:
            continue
        if name not in found and name not in candidates:
            loaded.add_problem(("plugins", "enabled"), _not_installed(name, candidates))
            continue
        try:
            plugin = found.get(name) or load(candidates[name])
        except PluginLoadError as exc:
            loaded.add_problem(("plugins", "enabled"), exc.message)
            continue
        asked_for = chosen.enabled is not None or name in found or name in chosen.options
        if asked_for or plugin.kind == "adapter" or plugin.opens_storage:
            selected[name] = plugin
    for name in chosen.options:
        if name not in selected and name not in chosen.disabled:
            problem = _not_selected(name, chosen, candidates)
            loaded.add_problem(("plugins", name), problem)
    return selected


@define(eq=False)
class _Builder:
    loaded: Loaded
    selected: Mapping[str, PluginClass]
    _services: list[Plugin] = field(factory=list, init=False)

    def services(self) -> list[Plugin]:
        """Return an instance of each selected service."""
        for plugin in self.selected.values():
            if plugin.kind == "service":
                built = self._instance(plugin, ("plugins", plugin.name), None)
                if built is not None:
                    self._services.append(built)
        return self._services

    def mounts(self, services: Services) -> list[Mount]:
        """Return each source's adapters, mounted."""
        mounts = []
        adapters = [plugin for plugin in self.selected.values() if plugin.kind == "adapter"]
        if not adapters and not any(p.key.startswith("plugins") for p in self.loaded.problems):
            self.loaded.add_problem(
                ("plugins",),
                "no adapter is installed and enabled: pip install flightstream-csv",
            )
        for name, config in self.loaded.draft.sources.items():
            storage = self._open(name, config, services)
            self._check_names(name, config)
            for plugin in adapters:
                if config.adapters is not None and plugin.name not in config.adapters:
                    continue
                source = None if storage is None else Source(name, storage.filesystem, storage.path)
                built = self._instance(plugin, ("sources", name), source, name)
                if built is not None and source is not None:
                    mounts.append(Mount.of(source, built, services))
        return mounts

    def _instance(
        self,
        plugin: PluginClass,
        key: tuple[str, ...],
        source: Source | None,
        source_name: str | None = None,
    ) -> Plugin | None:
        values = self.loaded.structure_options(plugin.cls, plugin.name, source_name)
        if values is None or (plugin.kind == "adapter" and source is None):
            return None
        try:
            instance = plugin.cls(**values, **({} if source is None else {"source": source}))
        except Exception as exc:
            problem = exc.message if isinstance(exc, FlightStreamError) else str(exc)
            self.loaded.add_problem(
                key, f"the plugin {plugin.name!r} refuses its options: {problem}"
            )
            return None
        assert plugin.kind is not None  # discover has checked
        problems = list(hook_problems(plugin.name, instance, plugin.kind))
        for problem in problems:
            self.loaded.add_problem(("plugins", plugin.name), problem)
        if problems:
            return None
        return Plugin(plugin.name, plugin.version, instance, _options_text(instance))

    def _open(self, name: str, config: SourceConfig, services: Services) -> Storage | None:
        key = ("sources", name, "uri")
        try:
            storage = open_local(config.uri) or services.open_storage(
                config.uri, lambda plugin: self._storage_options(plugin, name)
            )
        except FlightStreamError as exc:
            self.loaded.add_problem(key, exc.message)
            return None
        if storage is None:
            scheme = config.uri.partition("://")[0]
            self.loaded.add_problem(
                key,
                f"no plugin opens {scheme}:// URIs: pip install flightstream-{scheme}",
            )
        return storage

    def _storage_options(self, plugin: str, source: str) -> Mapping[str, Any]:
        options = self.loaded.structure_options(self.selected[plugin].cls, plugin, source)
        if options is None:
            raise ConfigError(f"the options of {plugin!r} are wrong")
        return options

    def _check_names(self, source: str, config: SourceConfig) -> None:
        keys: list[tuple[str, tuple[str, ...]]] = [
            (name, ("sources", source, "adapters")) for name in config.adapters or ()
        ]
        keys += [(name, ("sources", source, "options", name)) for name in config.options]
        chosen = self.loaded.draft.plugins
        for name, key in keys:
            if name not in self.selected:
                self.loaded.add_problem(key, _not_selected(name, chosen, _installed_names()))


def _installed_names() -> Collection[str]:
    with suppress(PluginLoadError):  # has been said already
        return installed()
    return ()


def _not_selected(name: str, chosen: PluginsConfig, known: Collection[str]) -> str:
    """Say why a plugin that something names is not there."""
    if name in chosen.disabled:
        return f"the plugin {name!r} is in plugins.disabled"
    if name not in known:
        return _not_installed(name, known)
    if chosen.enabled is not None and name not in chosen.enabled:
        return f"add {name!r} to plugins.enabled"
    return f"the plugin {name!r} is not in use"  # it could not be loaded


def _not_installed(name: str, known: Collection[str]) -> str:
    cure = f"pip install flightstream-{name}"
    if near := get_close_matches(name, known, 1):
        cure = f"did you mean {near[0]!r}? if not, {cure}"
    return f"the plugin {name!r} is not installed: {cure}"


def _options_text(instance: Any) -> str:
    """Return an instance's options as text that is the same on every server."""
    values = {name: getattr(instance, name) for name in options_of(type(instance))}
    return repr({name: _ordered(v) for name, v in values.items() if not _has_secret(v)})


def _ordered(value: Any) -> Any:
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else value


def _has_secret(value: Any) -> bool:
    if attrs.has(type(value)):
        return any(_has_secret(inner) for inner in attrs.astuple(value, recurse=False))
    return isinstance(value, Secret)
