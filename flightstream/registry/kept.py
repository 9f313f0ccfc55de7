"""What a registry that runs hands on to the one that follows it: what has not changed."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from flightstream.config import FlightConfig
from flightstream.registry.border import Plugin
from flightstream.registry.mount import Mount
from flightstream.storage import Source


@frozen
class Place:
    """All that decides what a source is, to be compared.

    Args:
        uri: Its URI.
        flights: The flights of many files in it.
        storages: The plugins that may have opened it; none for a local folder.
    """

    uri: str = field(repr=False)
    flights: Mapping[str, str | FlightConfig]
    storages: tuple[Plugin, ...]


@frozen(eq=False)
class Opened:
    """A source, and what was configured of it when it was opened."""

    place: Place
    source: Source


@frozen(eq=False)
class Kept:
    """The plugins and sources of a registry, to be asked for what can stay as it is.

    A plugin stays if its class and the values of its options are the same, and an
    adapter only at the same source. A source stays if its URI and flights are the
    same, and the storages that may open it all stay.
    """

    services: tuple[Plugin, ...] = ()
    mounts: tuple[Mount, ...] = ()
    sources: Mapping[str, Opened] = field(factory=dict)

    def service(self, name: str, cls: type[Any], made_of: Any) -> Plugin | None:
        """Return the service of a name, if it was made of the same."""
        return next((p for p in self.services if _is_same(p, name, cls, made_of)), None)

    def adapter(self, name: str, cls: type[Any], made_of: Any, source: Source) -> Plugin | None:
        """Return the adapter of a name at a source, if it was made of the same."""
        there = (mount.plugin for mount in self.mounts if mount.source is source)
        return next((p for p in there if _is_same(p, name, cls, made_of)), None)

    def source(self, name: str, place: Place) -> Source | None:
        """Return the source of a name, if it is at the same place."""
        opened = self.sources.get(name)
        return opened.source if opened is not None and opened.place == place else None


def _is_same(plugin: Plugin, name: str, cls: type[Any], made_of: Any) -> bool:
    is_same = plugin.name == name and type(plugin.instance) is cls
    return is_same and bool(plugin.made_of == made_of)
