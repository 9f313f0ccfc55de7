"""Each call of a hook as a line in the log, for those who write plugins.

``FLIGHTSTREAM_TRACE_HOOKS=1`` turns it on where a registry is built. Pluggy is
then given a stand-in for each plugin, whose hooks are the plugin's with a line
around them; otherwise it is given the plugin itself, and nothing is slower.
"""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import structlog
from attrs import define, field

from flightstream.config.sources import hide_credentials
from flightstream.filters import Filter
from flightstream.models import (
    CallRecord,
    Credentials,
    Flight,
    Identity,
    Phase,
    PluginFailure,
    ScanCounts,
    ScanRequest,
    ServerInfo,
    StartedCall,
)
from flightstream.plugin import Secret
from flightstream.registry.validate import hook_names

log = structlog.get_logger(__name__)

VARIABLE = "FLIGHTSTREAM_TRACE_HOOKS"

_HIDDEN = "***"
_LONGEST = 200
_SECRET_WORDS = ("secret", "password", "token", "key", "credential")


def is_tracing() -> bool:
    """Whether the environment asks for a line for each call of a hook."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def traced(name: str, instance: Any) -> Any:
    """Return a stand-in for a plugin whose hooks log what they do.

    A call is logged as ``hook_called`` when it returns. What it returns to be
    iterated is logged again as ``hook_stream_ended``, with what was taken from it.
    """
    stand_in = _StandIn()
    implemented, wrapped = hook_names(type(instance))
    for hook in implemented:
        setattr(stand_in, hook, _traced_call(name, hook, getattr(instance, hook)))
    for hook in wrapped:
        setattr(stand_in, hook, _traced_wrapper(name, hook, getattr(instance, hook)))
    return stand_in


class _StandIn:
    """Holds the hooks of one plugin."""


@define(eq=False)
class _Call:
    """One call of a hook, and when it began."""

    plugin: str
    hook: str
    _began: float = field(factory=time.perf_counter, init=False)

    def finished(self, event: str, error: BaseException | None, **facts: object) -> None:
        """Log that it is over."""
        if error is not None:
            facts["error"] = type(error).__name__  # its text may be secret
        seconds = round(time.perf_counter() - self._began, 6)
        log.info(event, plugin=self.plugin, hook=self.hook, duration_seconds=seconds, **facts)


def _traced_call(plugin: str, hook: str, method: Callable[..., Any]) -> Callable[..., Any]:
    declared = signature(method)

    @wraps(method)  # pluggy looks through it at the arguments
    def call(*args: Any, **kwargs: Any) -> Any:
        arguments = _shown_arguments(declared.bind(*args, **kwargs).arguments)
        this, error = _Call(plugin, hook), None
        try:
            result = method(*args, **kwargs)
        except BaseException as exc:
            error = exc
            raise
        finally:
            this.finished("hook_called", error, arguments=arguments)
        if hook == "wrap_stream" and callable(result):
            return lambda request, read: _traced_stream(plugin, hook, result(request, read))
        if hook == "stream_batches" or isinstance(result, Iterator):
            return _traced_stream(plugin, hook, result)
        return result

    return call


def _traced_wrapper(plugin: str, hook: str, method: Callable[..., Any]) -> Callable[..., Any]:
    declared = signature(method)

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Generator[None, Any, Any]:
        arguments = _shown_arguments(declared.bind(*args, **kwargs).arguments)
        this, error = _Call(plugin, hook), None
        try:
            return (yield from method(*args, **kwargs))
        except BaseException as exc:
            error = exc
            raise
        finally:  # the time of what it wraps is in it
            this.finished("hook_called", error, wraps=True, arguments=arguments)

    return call


def _traced_stream(plugin: str, hook: str, stream: Any) -> Any:
    """Return a stream that says when it ends; what is none is left to be found out."""
    if not isinstance(stream, Iterable):
        return stream
    return _Stream(_Call(plugin, hook), stream, iter(stream))


@define(eq=False)
class _Stream:
    """Passes on what a plugin streams, and counts it."""

    _call: _Call
    _stream: Iterable[Any]
    _iterator: Iterator[Any]
    _items: int = field(default=0, init=False)
    _rows: int = field(default=0, init=False)
    _has_ended: bool = field(default=False, init=False)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            item = next(self._iterator)
        except BaseException as exc:
            self._ended(None if isinstance(exc, StopIteration) else exc)
            raise
        self._items += 1
        self._rows += item.num_rows if isinstance(item, pa.RecordBatch) else 0
        return item

    def close(self) -> None:
        try:
            if close := getattr(self._stream, "close", None):
                close()
        finally:
            self._ended(None)

    def _ended(self, error: BaseException | None) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        if self._call.hook in ("stream_batches", "wrap_stream"):
            facts = {"batches": self._items, "rows": self._rows}
        else:
            facts = {"items": self._items}
        self._call.finished("hook_stream_ended", error, **facts)


def _shown_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _shown(value) for name, value in arguments.items()}


def _shown_at(name: str, value: Any) -> Any:
    """Hide what is called a secret, although its type is not ``Secret``."""
    return _HIDDEN if any(word in name.lower() for word in _SECRET_WORDS) else _shown(value)


def _shown(value: Any) -> Any:
    """Return what the log may tell of an argument; of a plugin's own things, the type."""
    match value:
        case ScanCounts():
            return None
        case None | bool() | int() | float():
            return value
        case str():
            text = hide_credentials(value)
            return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        case Secret():
            return _HIDDEN
        case Flight():
            return "/".join(value.name)
        case Filter() | Path():
            return str(value)
        case Identity():
            return value.subject  # claims are what a token says
        case Credentials():
            headers = dict.fromkeys(sorted(value.headers), _HIDDEN)
            return {"peer": value.peer, "transport": value.transport, "headers": headers}
        case Mapping():
            return {str(name): _shown_at(str(name), one) for name, one in value.items()}
        case tuple() | list() | set() | frozenset():
            return [_shown(one) for one in value]
        case (
            ScanRequest() | StartedCall() | CallRecord() | Phase() | PluginFailure() | ServerInfo()
        ):
            fields = [one for one in attrs.fields(type(value)) if one.repr]
            shown = {one.name: _shown(getattr(value, one.name)) for one in fields}
            return {name: one for name, one in shown.items() if one not in (None, [], {})}
    return type(value).__name__
