"""All plugins of one server, ready to be called."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from threading import Lock
from typing import Any

import attrs
import structlog
from attrs import define, field

from flightstream.errors import FlightStreamError
from flightstream.models import Action, CallRecord, Identity, ServerInfo
from flightstream.registry.border import Plugin
from flightstream.registry.hooks import implementation
from flightstream.registry.kept import Kept, Opened
from flightstream.registry.mount import Mount
from flightstream.registry.patience import within
from flightstream.registry.services import Services

log = structlog.get_logger(__name__)


@define(eq=False)
class Registry:
    """The services and mounts of one configuration of a server.

    Only what a reload has left as it was is shared with another, that before it.

    Args:
        services: Plugins without a source.
        mounts: Adapters, each at its source.
        sources: The sources by name, for the reload to come.
    """

    services: Services
    mounts: tuple[Mount, ...]
    sources: Mapping[str, Opened] = field(factory=dict)
    _held: list[Plugin] = field(factory=list, init=False)
    _stopping: Lock = field(factory=Lock, init=False)
    _observers: list[tuple[Plugin, Callable[..., Any]]] = field(init=False)

    @_observers.default
    def _find_observers(self) -> list[tuple[Plugin, Callable[..., Any]]]:
        return list(self._each("on_call_finished"))

    def __attrs_post_init__(self) -> None:
        self._observe(plugin for plugin in self.plugins if not plugin.life.is_running)

    def _observe(self, plugins: Iterable[Plugin]) -> None:
        observers = list(self._each("on_plugin_failed"))
        for plugin in plugins:
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

    @property
    def kept(self) -> Kept:
        """What may go on in the registry that follows this one."""
        return Kept(self.services.plugins, self.mounts, self.sources)

    def startup(self, server: ServerInfo) -> None:
        """Start every plugin that does not run yet; if one fails, stop those that had started.

        Raises:
            FlightStreamError: What the failing plugin raised.
        """
        starts = {id(plugin): start for plugin, start in self._each("on_startup")}
        # First those that run: a registry that goes down meanwhile would stop them.
        for plugin in sorted(self.plugins, key=lambda one: not one.life.is_running):
            start = starts.get(id(plugin), _do_nothing)
            try:
                plugin.life.hold(partial(_start, plugin, start, server))
            except BaseException:
                self.shutdown()
                raise
            self._held.append(plugin)
        self._observe(self.plugins)  # also those that were told of another registry's

    def shutdown(self, patience_seconds: float | None = None) -> bool:
        """Stop what no other registry uses, last first; a failure is logged and the others go on.

        Args:
            patience_seconds: How long each plugin may take, on a thread of its own.
                ``None``: all run here, for as long as they want.

        Returns:
            Whether each has ended in time; one that has not is logged and left alone.
        """
        stops = {id(plugin): stop for plugin, stop in self._each("on_shutdown")}
        in_time = True
        with self._stopping:
            held, self._held = self._held, []
            for plugin in reversed(self.plugins):
                if plugin in held:
                    stop = stops.get(id(plugin), _do_nothing)
                    ended = plugin.life.release(partial(_stop, plugin, stop, patience_seconds))
                    in_time = in_time and ended
        return in_time

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


def _do_nothing(**_: object) -> None:
    """Stand in for a hook that a plugin does not have."""


def _start(plugin: Plugin, start: Callable[..., Any], server: ServerInfo) -> None:
    with plugin.border("on_startup"):
        start(server=server)


def _stop(plugin: Plugin, stop: Callable[..., Any], patience_seconds: float | None) -> bool:
    def run() -> None:
        try:
            with plugin.border("on_shutdown"):
                stop()
        except FlightStreamError as exc:
            log.warning("plugin_shutdown_failed", plugin=plugin.name, error=exc.message)

    if stop is _do_nothing or patience_seconds is None:
        run()
        return True
    in_time = within(patience_seconds, run)
    if not in_time:
        log.warning("plugin_shutdown_hung", plugin=plugin.name, seconds=patience_seconds)
    return in_time


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
