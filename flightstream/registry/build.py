"""From a configuration to a registry; every problem is added to the configuration's."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pyarrow as pa
from attrs import define, field

from flightstream.arrow_types import parse_type
from flightstream.config import FlightConfig, Loaded, SourceConfig
from flightstream.errors import ConfigError, FlightStreamError
from flightstream.models import Storage
from flightstream.plugin import Secret, default_of, options_of
from flightstream.registry.border import Plugin
from flightstream.registry.discover import PluginClass
from flightstream.registry.kept import Kept, Opened, Place
from flightstream.registry.mount import Mount
from flightstream.registry.registry import Registry
from flightstream.registry.select import Selection, select_plugins
from flightstream.registry.services import Services
from flightstream.registry.validate import hook_problems
from flightstream.storage import Failures, Grouping, Source, is_local, objects_of, open_local

# Of storages that are not called after the scheme they open.
_DISTRIBUTIONS = {"abfs": "azure", "abfss": "azure", "gs": "gcs"}


def build_registry(
    loaded: Loaded, classes: Sequence[type[Any]] = (), kept: Kept | None = None
) -> Registry:
    """Load the selected plugins and mount the adapters at the sources.

    Args:
        loaded: The configuration.
        classes: Plugin classes beside the installed ones.
        kept: What runs already, and is used again where nothing of it has changed.

    Raises:
        ConfigError: All that is wrong with the configuration and the plugins,
            a line for each problem.
    """
    builder = _Builder(loaded, select_plugins(loaded, classes), kept or Kept())
    services = Services.of(builder.services())
    mounts = builder.mounts(services)
    loaded.check()
    return Registry(services, tuple(mounts), builder.sources)


@define(eq=False)
class _Builder:
    loaded: Loaded
    selection: Selection
    kept: Kept
    sources: dict[str, Opened] = field(factory=dict, init=False)
    _services: list[Plugin] = field(factory=list, init=False)
    _broken: set[str] = field(factory=set, init=False)

    @property
    def selected(self) -> Mapping[str, PluginClass]:
        """The plugins that are used."""
        return self.selection.plugins

    def services(self) -> list[Plugin]:
        """Return an instance of each selected service."""
        for plugin in self.selected.values():
            for problem in hook_problems(plugin.cls):
                self.loaded.add_problem(("plugins", plugin.name), problem)
                self._broken.add(plugin.name)
        for plugin in self.selected.values():
            if plugin.kind == "service":
                built = self._service(plugin)
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
            source = self._source(name, config, services)
            self._check_names(name, config)
            for plugin in adapters:
                if config.uses(plugin.name):
                    built = self._adapter(plugin, name, source)
                    if built is not None and source is not None:
                        place = self._place_text(name, config, source, services)
                        mounts.append(Mount.of(source, built, services, place))
        return mounts

    def _service(self, plugin: PluginClass) -> Plugin | None:
        values = self.loaded.structure_options(plugin.cls, plugin.name)
        if values is None:
            return None
        places = self._places_of(plugin) if plugin.opens_storage else {}
        made_of = (_with_defaults(plugin, values), places)
        kept = self.kept.service(plugin.name, plugin.cls, made_of)
        return kept or self._instance(plugin, ("plugins", plugin.name), values, made_of)

    def _places_of(self, plugin: PluginClass) -> Mapping[str, Any]:
        """Return what a storage may have to open: it looks at all of that when it starts."""
        return {
            name: (config.uri, self.loaded.structure_options(plugin.cls, plugin.name, name))
            for name, config in self.loaded.draft.sources.items()
            if not is_local(config.uri)
        }

    def _adapter(self, plugin: PluginClass, name: str, source: Source | None) -> Plugin | None:
        values = self.loaded.structure_options(plugin.cls, plugin.name, name)
        if values is None or source is None:
            return None
        made_of = _with_defaults(plugin, values)
        kept = self.kept.adapter(plugin.name, plugin.cls, made_of, source)
        return kept or self._instance(plugin, ("sources", name), values, made_of, source)

    def _instance(
        self,
        plugin: PluginClass,
        key: tuple[str, ...],
        values: Mapping[str, Any],
        made_of: Any,
        source: Source | None = None,
    ) -> Plugin | None:
        if plugin.name in self._broken:
            return None
        try:
            instance = plugin.cls(**values, **({} if source is None else {"source": source}))
        except Exception as exc:
            problem = exc.message if isinstance(exc, FlightStreamError) else str(exc)
            self.loaded.add_problem(
                key, f"the plugin {plugin.name!r} refuses its options: {problem}"
            )
            return None
        failures = Failures() if source is None else source.failures
        options = _options_text(instance)
        return Plugin(plugin.name, plugin.version, instance, options, failures, made_of=made_of)

    def _source(self, name: str, config: SourceConfig, services: Services) -> Source | None:
        storages = [one for one in services.plugins if hasattr(one.instance, "open_storage")]
        place = Place(config.uri, config.flights, () if is_local(config.uri) else tuple(storages))
        source = self.kept.source(name, place)
        # A folder is looked at again: what is not there any more is a problem, as at the start.
        if source is None or is_local(config.uri):
            storage = self._open(name, config, services)
            if storage is None:
                return None
            source = source or _made(name, storage, config)
        self.sources[name] = Opened(place, source)
        return source

    def _place_text(
        self, name: str, config: SourceConfig, source: Source, services: Services
    ) -> str:
        """Return what tells a source's data from that of any other place."""
        flights = {flight: repr(of) for flight, of in sorted(config.flights.items())}
        if is_local(config.uri):
            return repr((source.path, flights))
        storages = [
            (one.name, _text(self._storage_options(one, name)))
            for one in services.plugins
            if hasattr(one.instance, "open_storage")
        ]
        return repr((config.uri, flights, storages))

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
                f"no plugin opens {scheme}:// URIs:"
                f" pip install flightstream-{_DISTRIBUTIONS.get(scheme, scheme)}",
            )
        return storage

    def _storage_options(self, plugin: Plugin, source: str) -> Mapping[str, Any]:
        options = self.loaded.structure_options(type(plugin.instance), plugin.name, source)
        if options is None:
            raise ConfigError(f"the options of {plugin.name!r} are wrong")
        return {**_options(plugin.instance), **options}

    def _check_names(self, source: str, config: SourceConfig) -> None:
        keys: list[tuple[str, tuple[str, ...]]] = [
            (name, ("sources", source, "adapters")) for name in config.adapters or ()
        ]
        keys += [(name, ("sources", source, "options", name)) for name in config.options]
        for name, key in keys:
            if name not in self.selected:
                self.loaded.add_problem(key, self.selection.why_not(name))


def _made(name: str, storage: Storage, config: SourceConfig) -> Source:
    objects = storage.objects or objects_of(storage.filesystem)
    groupings = {flight: _grouping(of) for flight, of in config.flights.items()}
    failures = Failures(storage.explain)
    return Source(name, storage.filesystem, storage.path, objects, groupings, failures)


def _grouping(config: str | FlightConfig) -> Grouping:
    flight = FlightConfig(files=config) if isinstance(config, str) else config
    pattern = f"{flight.files}**" if flight.files.endswith("/") else flight.files
    columns = [(name, parse_type(text)) for name, text in flight.columns.items()]
    return Grouping(pattern, flight.unify, pa.schema(columns) if columns else None)


def _with_defaults(plugin: PluginClass, values: dict[str, Any]) -> dict[str, Any]:
    return {name: default_of(one) for name, (one, _) in options_of(plugin.cls).items()} | values


def _options_text(instance: Any) -> str:
    """Return an instance's options as text that is the same on every server."""
    return _text(_options(instance))


def _text(options: Mapping[str, Any]) -> str:
    return repr({name: _ordered(v) for name, v in options.items() if not _has_secret(v)})


def _options(instance: Any) -> dict[str, Any]:
    return {name: getattr(instance, name) for name in options_of(type(instance))}


def _ordered(value: Any) -> Any:
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else value


def _has_secret(value: Any) -> bool:
    if attrs.has(type(value)):
        return any(_has_secret(inner) for inner in attrs.astuple(value, recurse=False))
    return isinstance(value, Secret)
