"""A connection to one server: encrypted or not, and logged in where that is wanted."""

import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from attrs import define, field, frozen
from pyarrow import flight

from flightstream.addresses import is_loopback
from flightstream.client.breaker import Breaker
from flightstream.client.errors import typed_errors
from flightstream.client.events import Connected, Connecting, Teller
from flightstream.client.halt import Halt, closed
from flightstream.client.login import Header, Login, Token, password_login, token_login
from flightstream.client.patience import Attempts, Patience, retried
from flightstream.client.unreachable import told
from flightstream.errors import (
    ConfigError,
    FlightStreamError,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

PemSource: TypeAlias = str | Path | bytes
T = TypeVar("T")

_ARGUMENTS = {"tls_ca": "tls_root_certs", "tls_cert": "cert_chain", "tls_key": "private_key"}
# After how long gRPC lets go of a server that was away; two minutes by default.
_RECONNECT = (("grpc.max_reconnect_backoff_ms", 500),)
# How far a server may send ahead of a stream's reader. Left to itself, gRPC takes the slowness
# of a busy machine for a long way, and lets eight streams have some 100 MB each.
_WINDOW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 8 * 2**20))
_REUSE = "arrow-flight-reuse-connection"
_SCHEMES = ("grpc", "grpc+tcp", "grpc+tls", "grpc+unix", _REUSE)


@frozen(kw_only=True, repr=False)
class Access:
    """How a server is reached, see :func:`flightstream.connect`."""

    token: Token | None = None
    username: str | None = None
    password: str | None = None
    tls_ca: PemSource | None = None
    tls_cert: PemSource | None = None
    tls_key: PemSource | None = None
    token_hosts: Collection[str] = ()
    allow_insecure: bool = False


@define(eq=False, repr=False)
class Connection:
    """A connection, and what is proven on it.

    Args:
        uri: Of the server.
        client: That of Arrow.
        timeout_seconds: Of calls that are no streams.
        tell: Told when it is made, and when it is made again.
        login: What goes with each call; ``None`` where nothing does.
    """

    uri: str
    client: Any
    timeout_seconds: float
    tell: Teller
    login: Login | None = None
    _breaker: Breaker = field(init=False)
    _is_up: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._breaker = Breaker(self.uri)

    def ask(self, call: Callable[[Any, Any], T], *, timed: bool = True) -> T:
        """Make a call; if it is refused, make it again, once, with a newer login.

        Args:
            call: Takes Arrow's client and the options.
            timed: Whether it has to end in time.
        """
        timeout_seconds = self.timeout_seconds if timed else None
        if self.login is None:
            return self._call(call, timeout_seconds)
        header = self.login.header()
        try:
            return self._call(call, timeout_seconds, header)
        except Unauthenticated:
            newer = self.login.newer(header)
            if newer is None:
                raise
        return self._call(call, timeout_seconds, newer)

    def heard(self, function: Callable[[], T]) -> T:
        """Call something that talks to the server, and take note of whether it is there.

        Raises:
            Unavailable: It is not; what it was is told in words that name it.
        """
        try:
            with typed_errors():
                value = function()
        except FlightStreamError as exc:
            if isinstance(exc, Unavailable) and exc.call is None:  # not the server's own words
                self._is_up = False
                self._breaker.failed()
                raise told(exc, self.uri) from exc
            self._answered()
            raise
        self._answered()
        return value

    def _call(
        self, call: Callable[[Any, Any], T], timeout_seconds: float | None, *headers: Header
    ) -> T:
        self._breaker.check()
        options = flight.FlightCallOptions(timeout_seconds, headers=[*headers])
        if self._is_up:
            return self.heard(lambda: call(self.client, options))
        self.tell(Connecting(self.uri))
        began = time.monotonic()
        try:
            return self.heard(lambda: call(self.client, options))
        finally:
            if self._is_up:
                self.tell(Connected(self.uri, time.monotonic() - began))

    def _answered(self) -> None:
        self._is_up = True
        self._breaker.answered()


@define(eq=False, repr=False)
class Connections:
    """The connection to a server, and those to others where it keeps parts of its flights.

    Args:
        uri: Of the server.
        access: How it is reached.
        patience: How long it is waited for.
        tell: Told what happens.
        takes_commands: Whether the server understands commands that are JSON;
            until it is known that it does not, it is taken for one that does.
    """

    uri: str
    access: Access
    patience: Patience
    tell: Teller
    takes_commands: bool = field(default=True, init=False)
    main: Connection = field(init=False)
    _others: dict[str, Connection] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        access = self.access
        if (access.username is None) != (access.password is None):
            raise ConfigError("username and password come together: one of them is missing")
        if access.token is not None and access.username is not None:
            raise ConfigError("log in with a token or with a password, not with both")
        if access.token is not None or access.username is not None:
            self._check_encrypted(self.uri)
        self.main = self._open(self.uri, shows_certificate=True)
        if access.token is not None:
            self.main.login = token_login(access.token)
        elif access.username is not None and access.password is not None:
            self.main.login = password_login(
                self.main.client,
                access.username,
                access.password,
                self.patience.timeout_seconds,
            )

    def attempts(self, halt: Halt) -> Attempts:
        """Return the attempts at one more thing, until somebody ends it."""
        return Attempts(self.patience, halt, self.tell)

    def ask(self, halt: Halt, call: Callable[[Any, Any], T]) -> T:
        """Make a call to the server, again while it is unavailable."""
        if halt.is_set:
            raise closed()
        answer: T = retried(self.attempts(halt), self.uri, lambda: self.main.ask(call))
        return answer

    def at(self, locations: Sequence[str], name: str) -> list[str]:
        """Return where to try what is at any of these places, in order; without one, it is here.

        A place to which what the client logs in with does not go is tried last, and one
        that is reached in a way of which Arrow Flight here knows nothing is left out.

        Args:
            locations: The URIs of the places.
            name: Of the flight, for messages.

        Raises:
            Unsupported: No place is left.
        """
        places = [uri for uri in locations if uri.partition(":")[0] in _SCHEMES]
        if locations and not places:
            raise Unsupported(
                f"{name!r} is at {', '.join(locations)} alone, and Arrow Flight here reads from"
                " grpc:// and grpc+tls://"
            )
        is_logged_in = self.main.login is not None
        return sorted(
            places or [self.uri], key=lambda uri: is_logged_in and not self._is_trusted(uri)
        )

    def to(self, uri: str) -> Connection:
        """Return the connection to a place.

        What the client logs in with goes along only to hosts that the caller has
        listed, for a server may name any.

        Raises:
            ConfigError: It would go there unencrypted.
        """
        if self._is_here(uri):
            return self.main
        if uri not in self._others:
            trusted = self._is_trusted(uri)
            if trusted and self.main.login is not None:
                self._check_encrypted(uri)
            other = self._open(uri, shows_certificate=trusted)
            other.login = self.main.login if trusted else None
            # Of two threads that came at once, one connection is closed when it is collected.
            self._others.setdefault(uri, other)
        return self._others[uri]

    def _is_here(self, uri: str) -> bool:
        return uri == self.uri or uri.startswith(_REUSE) or _place(uri) == _place(self.uri)

    def _is_trusted(self, uri: str) -> bool:
        hosts = {_place(uri), _host(uri)}
        return self._is_here(uri) or not hosts.isdisjoint(self.access.token_hosts)

    def close(self) -> None:
        """Close them all."""
        for connection in (self.main, *self._others.values()):
            connection.client.close()

    def _open(self, uri: str, *, shows_certificate: bool) -> Connection:
        access = self.access
        names = ("tls_ca", "tls_cert", "tls_key") if shows_certificate else ("tls_ca",)
        given = {name: pem(getattr(access, name)) for name in names}
        arguments = {_ARGUMENTS[name]: pem for name, pem in given.items() if pem is not None}
        if arguments and not uri.startswith("grpc+tls:"):
            raise ConfigError(f"{uri} is not encrypted: certificates need grpc+tls://")
        if (access.tls_cert is None) != (access.tls_key is None):
            raise ConfigError("tls_cert and tls_key come together: one of them is missing")
        connect_ms = max(1, round(self.patience.connect_timeout_seconds * 1000))
        options = [("grpc.min_reconnect_backoff_ms", connect_ms), *_RECONNECT, *_WINDOW]
        with typed_errors():
            client = flight.connect(uri, generic_options=options, **arguments)
        return Connection(uri, client, self.patience.timeout_seconds, self.tell)

    def _check_encrypted(self, uri: str) -> None:
        if self.access.allow_insecure or uri.startswith(("grpc+tls:", "grpc+unix:")):
            return
        try:
            if is_loopback(_host(uri)):
                return
        except (OSError, UnicodeError):
            pass  # it may be found later, somewhere else
        raise ConfigError(
            f"what you log in with would go to {_host(uri)} unencrypted: connect to grpc+tls://,"
            " or take the risk with allow_insecure"
        )


def pem(source: PemSource | None) -> bytes | None:
    """Return what is in a PEM file.

    Raises:
        ConfigError: It cannot be read.
    """
    if source is None or isinstance(source, bytes):
        return source
    try:
        return Path(source).expanduser().read_bytes()
    except OSError as exc:
        reason = (exc.strerror or "it cannot be opened").lower()
        raise ConfigError(f"{source} cannot be read: {reason}") from exc


def _host(uri: str) -> str:
    return urlsplit(uri).hostname or ""


def _place(uri: str) -> str:
    try:
        return f"{_host(uri)}:{urlsplit(uri).port}"
    except ValueError:
        return uri
