"""All plugins of one server, ready to be called."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import attrs
import structlog
from attrs import define, field

from flightstream.errors import FlightStreamError
from flightstream.models import Action, CallRecord, Identity, ServerInfo
from flightstream.registry.border import Plugin
from flightstream.registry.hooks import implementation
from flightstream.registry.mount import Mount
from flightstream.registry.services import Services

log = structlog.get_logger(__name__)


@define(eq=False)
class Registry:
    """The services and mounts of one server; nothing here is shared with another."""

    services: Services
    mounts: tuple[Mount, ...]
    _started: list[Plugin] = field(factory=list, init=False)
    _observers: list[tuple[Plugin, Callable[..., Any]]] = field(init=False)

    @_observers.default
    def _find_observers(self) -> list[tuple[Plugin, Callable[..., Any]]]:
        return list(self._each("on_call_finished"))

    def __attrs_post_init__(self) -> None:
        observers = list(self._each("on_plugin_failed"))
        for plugin in self.plugins:
            plugin.observers[:] = observers

    @property
    def plugins(self) -> list[Plugin]:
        """Every plugin instance, services first."""
        return [*self.services.plugins, *(mount.plugin for mount in self.mounts)]

    def _each(self, hook: str) -> Iterator[tuple[Plugin, Callable[..., Any]]]:
        managers = [self.services.manager] * len(self.services.plugins)
        managers += [mount.manager for mount in self.mounts]
        for plugin, manager in zip(self.plugins, managers, strict=True):
            if (ask := implementation(manager, plugin, hook)) is not None:
                yield plugin, ask

    def startup(self, server: ServerInfo) -> None:
        """Start every plugin; if one fails, stop those that had started.

        Raises:
            FlightStreamError: What the failing plugin raised.
        """
        starts = {id(plugin): start for plugin, start in self._each("on_startup")}
        try:
            for plugin in self.plugins:
                if id(plugin) in starts:
                    with plugin.border("on_startup"):
                        starts[id(plugin)](server=server)
                self._started.append(plugin)
        except BaseException:
            self.shutdown()
            raise

    def shutdown(self) -> None:
        """Stop what has started, last first; a failure is logged and the others go on."""
        stops = {id(plugin): stop for plugin, stop in self._each("on_shutdown")}
        while self._started:
            plugin = self._started.pop()
            if id(plugin) in stops:
                try:
                    with plugin.border("on_shutdown"):
                        stops[id(plugin)]()
                except FlightStreamError as exc:
                    log.warning("plugin_shutdown_failed", plugin=plugin.name, error=exc.message)

    def call_finished(self, record: CallRecord) -> None:
        """Tell the observers; what they raise is only logged."""
        for plugin, observe in self._observers:
            try:
                with plugin.border("on_call_finished"):
                    observe(record=record)
            except FlightStreamError as exc:
                log.warning("observer_failed", plugin=plugin.name, error=exc.message)

    def actions(self) -> Iterator[tuple[Plugin, Action]]:
        """Yield what the plugins offer for DoAction."""
        for plugin, ask in self._each("list_actions"):
            with plugin.border("list_actions"):
                actions = list(ask())
            for action in actions:
                if not isinstance(action, Action):
                    problem = f"it yielded {type(action).__name__}, not Action"
                    raise plugin.failure("list_actions", problem)
                run = partial(_run, plugin, action.name, action.run)
                yield plugin, attrs.evolve(action, run=run)


def _run(
    plugin: Plugin, name: str, run: Callable[..., Iterable[bytes]], identity: Identity, body: bytes
) -> list[bytes]:
    with plugin.border("list_actions"):
        results = list(run(identity, body))
    for result in results:
        if not isinstance(result, bytes):
            problem = f"the action {name!r} gave {type(result).__name__}, not bytes"
            raise plugin.failure("list_actions", problem)
    return results
