"""Plugins: discovered, built, held against the contract, and called."""

from flightstream.registry.border import Plugin
from flightstream.registry.build import build_registry
from flightstream.registry.discover import PluginClass
from flightstream.registry.kept import Kept
from flightstream.registry.mount import Mount
from flightstream.registry.patience import ending_after, in_time, within
from flightstream.registry.registry import Registry
from flightstream.registry.select import Choice, Selection, select_plugins
from flightstream.registry.services import Services

__all__ = [
    "Choice",
    "Kept",
    "Mount",
    "Plugin",
    "PluginClass",
    "Registry",
    "Selection",
    "Services",
    "build_registry",
    "ending_after",
    "in_time",
    "select_plugins",
    "within",
]
