"""Plugin classes: found by entry point without importing any, loaded once selected."""

import re
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from attrs import frozen

from flightstream.errors import PluginLoadError
from flightstream.plugin import PluginKind, kind_of

GROUP = "flightstream"


@frozen
class PluginClass:
    """A plugin's class and where it came from.

    Args:
        name: Its name in the configuration.
        cls: What ``@adapter`` or ``@service`` declared.
        distribution: The distribution that brings it, if it is installed.
        version: That of the distribution, or ``"unversioned"``.
    """

    name: str
    cls: type[Any]
    distribution: str | None = None
    version: str = "unversioned"

    @property
    def kind(self) -> PluginKind | None:
        """What the class was declared as."""
        return kind_of(self.cls)

    @property
    def opens_storage(self) -> bool:
        """Whether it opens URIs, so that sources may need it."""
        return hasattr(self.cls, "open_storage")


def installed() -> dict[str, EntryPoint]:
    """Return the installed plugins by name, sorted; nothing is imported.

    Raises:
        PluginLoadError: Two distributions bring one name.
    """
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=_name_and_origin):
        other = found.setdefault(entry.name, entry)
        if (other.value, _distribution(other)) != (entry.value, _distribution(entry)):
            raise PluginLoadError(
                f"the plugin {entry.name!r} is brought by {_distribution(other)} and by"
                f" {_distribution(entry)}: uninstall one of them"
            )
    return found


def load(entry: EntryPoint) -> PluginClass:
    """Import an installed plugin.

    Raises:
        PluginLoadError: It cannot be imported, or is not a plugin class.
    """
    try:
        cls = entry.load()
    except PluginLoadError as exc:
        raise PluginLoadError(f"the plugin {entry.name!r} is misdeclared: {exc.message}") from exc
    except (Exception, SystemExit) as exc:
        reason = f"{type(exc).__name__}: {exc}"
        raise PluginLoadError(
            f"the plugin {entry.name!r} of {_distribution(entry)} cannot be imported: {reason}"
        ) from exc
    distribution = entry.dist
    return _checked(
        PluginClass(
            entry.name,
            cls,
            distribution.name if distribution else None,
            distribution.version if distribution else "unversioned",
        )
    )


def given(classes: Sequence[type[Any]]) -> list[PluginClass]:
    """Name classes that were handed over, by their entry point or else by themselves.

    ``CsvAdapter`` is ``csv``, ``MyLakeAdapter`` is ``my_lake``.

    Raises:
        PluginLoadError: One of them is not a plugin class, or two have one name.
    """
    by_value = {entry.value: entry for entry in entry_points(group=GROUP)}
    plugins: dict[str, PluginClass] = {}
    for cls in classes:
        name = getattr(cls, "__qualname__", repr(cls))
        entry = by_value.get(f"{getattr(cls, '__module__', '')}:{name}")
        plugin = load(entry) if entry else _checked(PluginClass(_own_name(name), cls))
        if plugins.setdefault(plugin.name, plugin).cls is not cls:
            raise PluginLoadError(
                f"{plugins[plugin.name].cls!r} and {cls!r} are both the plugin {plugin.name!r}:"
                " rename one of them"
            )
    return list(plugins.values())


def _own_name(class_name: str) -> str:
    last = class_name.rpartition(".")[2]
    bare = re.sub(r"(Adapter|Plugin|Service|Storage)$", "", last) or last
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower()


def _checked(plugin: PluginClass) -> PluginClass:
    if plugin.kind is None:
        raise PluginLoadError(
            f"the plugin {plugin.name!r} is {plugin.cls!r}, not a class declared by"
            " @adapter or @service"
        )
    return plugin


def _name_and_origin(entry: EntryPoint) -> tuple[str, str]:
    return entry.name, _distribution(entry)


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
