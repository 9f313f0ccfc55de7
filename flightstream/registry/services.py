"""The service plugins of a server, and their hooks as typed methods."""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from typing import Any

import pluggy
import pyarrow as pa
from attrs import define, field

from flightstream.errors import FlightStreamError, Unauthenticated
from flightstream.hookspecs import Read
from flightstream.models import (
    Allowance,
    Credentials,
    Flight,
    Grant,
    Identity,
    Operation,
    ScanRequest,
    StartedCall,
    Storage,
)
from flightstream.registry.border import Plugin, guarded_batches
from flightstream.registry.hooks import implementations, new_manager

_ALL, _UNLIMITED = Grant(), Allowance()
_TOKEN = r"[A-Za-z0-9._~+/-]+=*"  # RFC 6750, section 2.1


@define(eq=False)
class Services:
    """All service plugins, in the order of the configuration."""

    plugins: tuple[Plugin, ...]
    manager: pluggy.PluginManager
    _found: dict[str, list[tuple[Plugin, Callable[..., Any]]]] = field(factory=dict, init=False)

    @classmethod
    def of(cls, plugins: Sequence[Plugin]) -> "Services":
        """Register the plugins with a manager of their own."""
        return cls(tuple(plugins), new_manager(plugins))

    def _each(self, hook: str) -> list[tuple[Plugin, Callable[..., Any]]]:
        """Return the plugins that implement a hook; it is looked up once, for nothing changes."""
        found = self._found.get(hook)
        if found is None:
            found = list(implementations(self.manager, self.plugins, hook))
            self._found[hook] = found
        return found

    @property
    def authenticates(self) -> bool:
        """Whether any plugin tells who asks; otherwise it is nobody in particular."""
        return bool(self._each("authenticate"))

    @property
    def wraps_streams(self) -> bool:
        """Whether any plugin may put something around a stream."""
        return bool(self._each("wrap_stream"))

    def authenticate(self, credentials: Credentials) -> Identity:
        """Return who asks; ``Identity.ANONYMOUS`` where no plugin authenticates.

        Raises:
            Unauthenticated: No plugin knows the credentials, one refused them,
                or one failed.
        """
        identity: Identity | None
        authenticators = self._each("authenticate")
        for plugin, ask in authenticators:
            try:
                with plugin.border("authenticate"):
                    identity = ask(credentials=credentials)
                    _check_answer(plugin, "authenticate", identity, Identity)
            except Unauthenticated:
                raise
            except FlightStreamError as exc:
                raise Unauthenticated("the credentials could not be checked") from exc
            if identity is not None:
                return identity
        if authenticators:
            raise Unauthenticated("the call brings no credentials that this server knows")
        return Identity.ANONYMOUS

    def issue_token(self, identity: Identity, credentials: Credentials) -> str | None:
        """Return the token of the first plugin that has one for who logs in.

        Raises:
            FlightStreamError: A plugin failed, or what it gave is no token.
        """
        for plugin, ask in self._each("issue_token"):
            with plugin.border("issue_token"):
                token: str | None = ask(identity=identity, credentials=credentials)
                _check_answer(plugin, "issue_token", token, str)
            if token is not None:
                if not re.fullmatch(_TOKEN, token):  # not shown: it may be most of one
                    raise plugin.failure("issue_token", "what it returned fits into no header")
                return token
        return None

    def admit_call(self, call: StartedCall) -> Allowance:
        """Return the least that the plugins allow.

        Raises:
            FlightStreamError: One of them refused or failed.
        """
        allowance = _UNLIMITED
        for plugin, ask in self._each("admit_call"):
            with plugin.border("admit_call"):
                allowed = ask(call=call)
                _check_answer(plugin, "admit_call", allowed, Allowance)
            allowance = allowance if allowed is None else allowance & allowed
        return allowance

    def authorize(self, identity: Identity, path: tuple[str, ...], operation: Operation) -> Grant:
        """Return what all plugins together allow.

        Raises:
            FlightStreamError: One of them refused or failed.
        """
        grant = _ALL
        for plugin, ask in self._each("authorize"):
            with plugin.border("authorize"):
                opinion = ask(identity=identity, path=path, operation=operation)
                _check_answer(plugin, "authorize", opinion, Grant)
            grant = grant if opinion is None else grant & opinion
        return grant

    def open_storage(
        self, uri: str, options_for: Callable[[Plugin], Mapping[str, Any]]
    ) -> Storage | None:
        """Return what the first plugin that knows the URI opens."""
        storage: Storage | None
        for plugin, ask in self._each("open_storage"):
            with plugin.border("open_storage"):
                storage = ask(uri=uri, options=options_for(plugin))
                _check_answer(plugin, "open_storage", storage, Storage)
            if storage is not None:
                return storage
        return None

    def wrap_stream(self, flight: Flight, path: tuple[str, ...], version: str, read: Read) -> Read:
        """Return ``read`` inside whatever the plugins put around it."""
        shown = "/".join(path)
        for plugin, ask in reversed(self._each("wrap_stream")):
            with plugin.border("wrap_stream", shown):
                wrapper = ask(flight=flight, path=path, version=version)
            if wrapper is not None:
                if not callable(wrapper):
                    problem = f"it returned {type(wrapper).__name__}, not a function"
                    raise plugin.failure("wrap_stream", problem, shown)
                read = _wrapped(plugin, shown, wrapper, read)
        return read


def _wrapped(plugin: Plugin, path: str, wrapper: Callable[..., Any], read: Read) -> Read:
    def outer(request: ScanRequest) -> Generator[pa.RecordBatch]:
        return guarded_batches(plugin, "wrap_stream", path, partial(wrapper, request, read))

    return outer


def _check_answer(plugin: Plugin, hook: str, answer: object, wanted: type) -> None:
    if answer is not None and not isinstance(answer, wanted):
        raise plugin.failure(hook, f"it returned {type(answer).__name__}, not {wanted.__name__}")
