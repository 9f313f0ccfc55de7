"""Values as they were given, each with the place it came from."""

import os
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, TypeAlias

from attrs import define, field, frozen

from flightstream.config.environment import Text

Key: TypeAlias = tuple[str, ...]

MISSING: Final = object()


class Layer(IntEnum):
    """What overrides what: the greater wins."""

    DEFAULT = 0
    FILE = 1
    VARIABLE = 2  # FLIGHT_PORT and its like, which something else may have set
    ENVIRONMENT = 3  # FLIGHTSTREAM__SERVER__PORT
    OVERRIDE = 4  # the command line, or keywords


@frozen
class Origin:
    """Where a value came from.

    Args:
        layer: Its rank.
        name: As it is shown to people.
        folder: What relative paths in it are relative to.
    """

    layer: Layer
    name: str
    folder: Path


@define(eq=False, repr=False)
class Settings:
    """The merged tables of all layers, before any value is looked at.

    Tables are merged down to the options of a plugin; below that a later layer
    replaces what an earlier one said, except where it names a single key.
    """

    default: Origin
    values: dict[str, Any] = field(factory=dict, init=False)
    _origins: dict[Key, Origin] = field(init=False)  # in the order in which things were given
    _layers: dict[Key, Layer] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._origins = {(): self.default}

    def put(self, key: Key, value: Any, origin: Origin) -> None:
        """Set a value, or merge a table; lower layers come first."""
        if len(key) == 2 and key[0] == "sources" and _is_uri(value):
            key = (*key, "uri")  # a source may be written as its URI alone
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if _is_section(key) and isinstance(value, Mapping):
            if not isinstance(self.get(key), Mapping):
                self._set(key, {}, origin)
            for name, inner in value.items():
                self.put((*key, str(name)), inner, origin)
        else:
            self._set(key, value, origin)

    def get(self, key: Key) -> Any:
        """Return what stands at a key, or ``MISSING``."""
        node: Any = self.values
        for part in key:
            if not isinstance(node, Mapping) or part not in node:
                return MISSING
            node = node[part]
        return node

    def origin(self, key: Key) -> Origin:
        """Return where the value at a key, or else the table around it, came from."""
        return self._origins[self._given(key)]

    def layer(self, key: Key) -> Layer:
        """Return the rank of the value at a key, which is that of its latest part."""
        return self._layers.get(key, self.origin(key).layer)

    def position(self, key: tuple[Any, ...]) -> int:
        """Return where a key stands in the order in which things were given."""
        return list(self._origins).index(self._given(key))

    def _given(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return as much of a key as was given."""
        return next(k for n in range(len(key), -1, -1) if (k := key[:n]) in self._origins)

    def _set(self, key: Key, value: Any, origin: Origin) -> None:
        if self.get(key) is not MISSING:
            for below in [k for k in self._origins if k[: len(key)] == key]:
                del self._origins[below]
        node: Any = self.values
        for depth, part in enumerate(key[:-1], 1):
            outer, child = key[:depth], node.get(part)
            if not isinstance(child, Mapping):
                if child is not None and _is_section(outer):
                    return  # a wrong value where a table belongs is to be reported
                child = {}
                self._origins[outer] = origin
            elif not _is_section(outer):
                child = dict(child)  # it may be the caller's own
            self._layers[outer] = origin.layer
            node[part] = child
            node = child
        node[key[-1]] = value
        self._origins[key] = origin
        self._layers[key] = origin.layer


def _is_uri(value: Any) -> bool:
    return isinstance(value, str | os.PathLike | Text)


def _is_section(key: Key) -> bool:
    match key:
        case () | (_,) | ("server", "tls" | "login_limits" | "limits"):
            return True
        case ("sources", _) | ("sources", _, "options") | ("sources", _, "options", _):
            return True
        case ("plugins", name):
            return name not in ("enabled", "disabled", "paths")
    return False
