"""What a client logs in with, and how that is renewed."""

import base64
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeAlias

import pyarrow as pa
from attrs import define, field
from pyarrow import flight

from flightstream.client.errors import typed_errors
from flightstream.errors import ConfigError

Token: TypeAlias = str | Callable[[], str]
Header: TypeAlias = tuple[bytes, bytes]

# What a Handshake says of a server that is away, whatever it is.
_UNREACHED = "Could not finish writing"


@define(eq=False, repr=False)
class Login:
    """The header of each call, fetched when it is first needed; shared by threads.

    Args:
        fetch: Returns the header, a newer one if there is any.
    """

    fetch: Callable[[], Header]
    _header: Header | None = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def header(self) -> Header:
        """Return the header."""
        with self._lock:
            if self._header is None:
                self._header = self.fetch()
            return self._header

    def newer(self, refused: Header) -> Header | None:
        """Return another header than one that was refused; ``None`` if there is none.

        Many threads may have been refused at once: only the first fetches.
        """
        with self._lock:
            if self._header == refused:
                self._header = self.fetch()
            return None if self._header == refused else self._header


def token_login(token: Token) -> Login:
    """Log in with a token, or with what a function returns now and when that was refused."""

    def fetch() -> Header:
        text = (token if isinstance(token, str) else token()).strip()
        if not text.isascii() or not text.isprintable() or " " in text or not text:
            # gRPC would log what it cannot send.
            raise ConfigError("the token is empty, or has characters that a header cannot have")
        return b"authorization", f"Bearer {text}".encode()

    return Login(fetch)


def password_login(client: Any, username: str, password: str, timeout_seconds: float) -> Login:
    """Log in with a name and a password: for a token of the server, if it gives any."""
    if ":" in username:
        raise ConfigError("the user name has a colon, which the Basic scheme cannot send")
    name, secret = username.encode(), password.encode()

    def fetch() -> Header:
        options = flight.FlightCallOptions(timeout=timeout_seconds)
        header: Header = (b"", b"")
        with typed_errors():
            try:
                header = client.authenticate_basic_token(name, secret, options)
            except pa.ArrowNotImplementedError:
                pass  # there is no Handshake where certificates of clients are required
            except flight.FlightInternalError as exc:
                if _UNREACHED not in str(exc):
                    raise
                # The call for which this is tells why the server is not reached.
        return header if header[1] else (b"authorization", _basic(name, secret))

    return Login(fetch)


def _basic(name: bytes, secret: bytes) -> bytes:
    return b"Basic " + base64.b64encode(name + b":" + secret)
