"""Pluggy, as the registry uses it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pluggy

from flightstream import hookspecs
from flightstream.registry.border import Plugin
from flightstream.registry.trace import is_tracing, traced


def new_manager(plugins: Sequence[Plugin]) -> pluggy.PluginManager:
    """Return a manager in which the first plugin is asked first and wraps outermost."""
    manager = pluggy.PluginManager("flightstream")
    manager.add_hookspecs(hookspecs)
    for plugin in reversed(plugins):  # pluggy calls the last one registered first
        instance = traced(plugin.name, plugin.instance) if is_tracing() else plugin.instance
        manager.register(instance, plugin.name)
    return manager


def implementation(
    manager: pluggy.PluginManager, plugin: Plugin, hook: str
) -> Callable[..., Any] | None:
    """Return one plugin's own implementation of a hook, or ``None``.

    Pluggy's call of a hook with many implementations loses every result when
    one of them raises, so most hooks ask each plugin apart. What is returned
    takes all arguments of the hook and passes on those that are declared.
    """
    caller = getattr(manager.hook, hook)
    for found in caller.get_hookimpls():
        if found.plugin_name == plugin.name:
            takes_all = len(found.argnames) == len(caller.spec.argnames)
            return found.function if takes_all else _accepting(found.function, found.argnames)
    return None


def implementations(
    manager: pluggy.PluginManager, plugins: Sequence[Plugin], hook: str
) -> Iterator[tuple[Plugin, Callable[..., Any]]]:
    """Yield the plugins that implement a hook, in their order."""
    for plugin in plugins:
        if (ask := implementation(manager, plugin, hook)) is not None:
            yield plugin, ask


def _accepting(function: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    return lambda **arguments: function(**{name: arguments[name] for name in names})
