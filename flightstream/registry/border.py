"""The border to plugins: what they raise is told apart, logged and made safe to send."""

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from inspect import CO_GENERATOR
from traceback import walk_tb
from types import TracebackType
from typing import Any

import pyarrow as pa
import structlog
from attrs import define, field, frozen

from flightstream.errors import FlightStreamError, PluginError
from flightstream.models import FailureReason, PluginFailure
from flightstream.plugin import PluginKind, kind_of
from flightstream.registry.life import Life
from flightstream.storage import Failures

log = structlog.get_logger(__name__)

_END = object()
_OBSERVING = "on_plugin_failed"


@frozen(eq=False)
class Plugin:
    """A plugin instance and where it came from.

    Args:
        name: Its name in the configuration.
        version: That of its distribution, or ``"unversioned"``.
        instance: What is registered with pluggy.
        options: The option values that shape its data, as stable text.
        failures: Tells those of the storage that its source lies in.
        observers: The plugins that are told when this one fails, each with its hook.
        made_of: What the instance was made of, to be compared at a reload.
        life: How long it runs.
    """

    name: str
    version: str
    instance: Any = field(repr=False)
    options: str = field(default="", repr=False)
    failures: Failures = field(factory=Failures, repr=False)
    observers: list[tuple["Plugin", Callable[..., Any]]] = field(factory=list, repr=False)
    made_of: Any = field(default=None, repr=False)
    life: Life = field(factory=Life, repr=False)
    _borders: dict[str, "Border"] = field(factory=dict, init=False, repr=False)

    @property
    def kind(self) -> PluginKind | None:
        """What its class was declared as."""
        return kind_of(type(self.instance))

    def border(self, hook: str, flight: str | None = None) -> "Border":
        """Return a context in which this plugin's code may run, on any number of threads."""
        if flight is not None:
            return Border(self, hook, flight)
        border = self._borders.get(hook)
        if border is None:
            border = self._borders[hook] = Border(self, hook, None)
        return border

    def failure(
        self, hook: str, problem: str, flight: str | None = None, **details: object
    ) -> PluginError:
        """Log a breach of the contract and return the error for the client.

        Args:
            hook: The hook whose contract it is.
            problem: What the client is told too.
            flight: The flight's path.
            details: For the log alone.
        """
        log.error(
            "plugin_broke_contract",
            plugin=self.name,
            version=self.version,
            hook=hook,
            flight=flight,
            problem=problem,
            **details,
        )
        self.report(hook, "contract", flight)
        return PluginError(
            f"the plugin {self.name!r} broke the contract of {hook}: {problem}",
            plugin=self.name,
            flight=flight,
        )

    def report(
        self,
        hook: str,
        reason: FailureReason,
        flight: str | None,
        exception: BaseException | None = None,
    ) -> None:
        """Tell the observers that this plugin failed; what they raise is only logged."""
        if hook == _OBSERVING:  # or one that always fails would never come to an end
            return
        failure = PluginFailure(
            plugin=self.name,
            version=self.version,
            hook=hook,
            reason=reason,
            call=structlog.contextvars.get_contextvars().get("call"),
            flight=flight,
            exception=exception,
        )
        for observer, tell in self.observers:
            try:
                with observer.border(_OBSERVING):
                    tell(failure=failure)
            except FlightStreamError as exc:
                log.warning("observer_failed", plugin=observer.name, error=exc.message)


@define(eq=False)
class Border:
    """Turns what a plugin raises into a :class:`FlightStreamError`.

    An error of ours is the plugin's word to the client and passes, with the
    flight added. What the storage says of its own failure takes the place of
    what the plugin made of it. Anything else is logged here, and becomes
    ``PluginError`` without its text. Whatever is logged, the observers are told.
    """

    plugin: Plugin
    hook: str
    flight: str | None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None:
            return
        try:
            self._tell(exc)
        finally:
            _let_go(traceback)

    def _tell(self, exc: BaseException) -> None:
        if (told := self.plugin.failures.told(exc)) is not None:
            told.flight = told.flight or self.flight
            log.warning(
                "storage_failed",
                plugin=self.plugin.name,
                hook=self.hook,
                flight=self.flight,
                error=told.message,
            )
            self.plugin.report(self.hook, "storage", self.flight, exc)
            raise told from None
        if isinstance(exc, FlightStreamError):
            exc.flight = exc.flight or self.flight
        elif not isinstance(exc, KeyboardInterrupt):
            log.error(
                "plugin_failed",
                plugin=self.plugin.name,
                version=self.plugin.version,
                hook=self.hook,
                flight=self.flight,
                exc_info=exc,
            )
            self.plugin.report(self.hook, "raised", self.flight, exc)
            raise PluginError(
                f"the plugin {self.plugin.name!r} failed in {self.hook}",
                plugin=self.plugin.name,
                flight=self.flight,
            ) from None


def _let_go(traceback: TracebackType | None) -> None:
    """Drop what ended functions had at hand, such as batches.

    pluggy's own has the error too, which has it: that is kept until Python looks for garbage.
    A generator may have caught the error and go on, and would be closed.
    """
    for frame, _line in walk_tb(traceback):
        if not frame.f_code.co_flags & CO_GENERATOR:
            with suppress(RuntimeError):  # it still runs
                frame.clear()


def guarded_batches(
    plugin: Plugin, hook: str, flight: str, start: Callable[[], Any]
) -> Generator[pa.RecordBatch]:
    """Yield the batches of a plugin's stream, with a border around each step.

    Args:
        plugin: Whose code runs in ``start`` and in each step.
        hook: The hook that the stream came from.
        flight: The flight's path.
        start: Returns the stream, an iterable of record batches.
    """
    border = plugin.border(hook, flight)
    with border:
        stream = start()
    if stream is None or not isinstance(stream, Iterable):
        raise plugin.failure(hook, f"it returned {type(stream).__name__}, not batches", flight)
    try:
        with border:
            batches = iter(stream)
        while True:
            with border:
                batch = next(batches, _END)
            if batch is _END:
                return
            if not isinstance(batch, pa.RecordBatch):
                problem = f"it yielded {type(batch).__name__}, not RecordBatch"
                raise plugin.failure(hook, problem, flight)
            yield batch
    finally:
        _close(plugin, hook, flight, stream)


def _close(plugin: Plugin, hook: str, flight: str, stream: Any) -> None:
    if close := getattr(stream, "close", None):
        try:
            with plugin.border(hook, flight):
                close()
        except FlightStreamError as exc:
            log.warning("stream_close_failed", plugin=plugin.name, flight=flight, error=str(exc))
