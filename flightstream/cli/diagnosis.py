"""What is wrong with a connection, step by step from its name to its flights."""

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any, Literal
from urllib.parse import urlsplit

from attrs import define, field, frozen

from flightstream.cli.servers import Target
from flightstream.cli.waiting import in_background
from flightstream.client import Client, connect, probe
from flightstream.errors import (
    ConfigError,
    FlightStreamError,
    LimitExceeded,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)

_CALL_SECONDS = 10.0
_DAY_SECONDS = 86_400
_WRONG_NAME = (62, 64)  # OpenSSL's codes for a host and for an address


@frozen
class Finding:
    """What one step has found.

    Args:
        step: Its name.
        status: How it went.
        detail: What was seen, or why it was skipped.
        cure: What to do.
    """

    step: str
    status: Literal["ok", "failed", "skipped"]
    detail: str
    cure: str | None = None


class _Failed(Exception):
    def __init__(self, detail: str, cure: str) -> None:
        super().__init__(detail)
        self.detail, self.cure = detail, cure


class _Skipped(Exception):
    pass


@define(eq=False)
class Diagnosis:
    """Looks at one connection; each step builds on the one before."""

    target: Target
    _client: Client | None = field(default=None, init=False)

    def findings(self) -> Iterator[Finding]:
        """Yield what each step finds; after one that failed the others are skipped."""
        steps: dict[str, Callable[[], str]] = {
            "name": self._name,
            "port": self._port,
            "encryption": self._encryption,
            "certificate": self._certificate,
            "credentials": self._credentials,
            "metadata": self._metadata,
            "versions": self._versions,
        }
        failed = ""
        for step, look in steps.items():
            if failed:
                yield Finding(step, "skipped", f"{failed} comes first")
                continue
            try:
                yield Finding(step, "ok", look())
            except _Skipped as exc:
                yield Finding(step, "skipped", str(exc))
            except _Failed as exc:
                failed = step
                yield Finding(step, "failed", exc.detail, exc.cure)
        if self._client is not None:
            self._client.close()

    @property
    def _host(self) -> str:
        if self.target.uri.startswith("grpc+unix:"):
            raise _Skipped("a socket of this machine has none")
        return urlsplit(self.target.uri).hostname or ""

    @property
    def _at(self) -> tuple[str, int]:
        return self._host, urlsplit(self.target.uri).port or 0

    @property
    def _wants_tls(self) -> bool:
        return self.target.uri.startswith("grpc+tls:")

    def _other_uri(self) -> str:
        scheme = "grpc" if self._wants_tls else "grpc+tls"
        return f"{scheme}://{self.target.uri.partition('://')[2]}"

    def _name(self) -> str:
        host = self._host
        try:
            return f"{host} is {', '.join(probe.addresses_of(host))}"
        except (OSError, UnicodeError) as exc:
            detail = f"{host!r} is not known here: {_reason(exc)}"
            raise _Failed(detail, "look at the spelling, the DNS and the VPN") from exc

    def _port(self) -> str:
        host, port = self._at
        try:
            with socket.create_connection((host, port), probe.TIMEOUT_SECONDS) as connection:
                return f"something listens at {connection.getpeername()[0]} port {port}"
        except ConnectionRefusedError as exc:
            cure = (
                "look whether the server runs, whether this is its port, and whether it listens"
                " on this address: server.host is localhost unless it says otherwise"
            )
            raise _Failed(f"nobody listens at {host} port {port}", cure) from exc
        except OSError as exc:
            cure = "look at the network and at firewalls between here and there"
            raise _Failed(f"no way to {host} port {port}: {_reason(exc)}", cure) from exc

    def _encryption(self) -> str:
        try:
            spoken = probe.spoken_at(*self._at)
        except OSError as exc:
            raise _Failed(f"the connection broke: {_reason(exc)}", "try again") from exc
        if spoken == "nothing":
            cure = "look whether it is busy or frozen, and whether a Flight server has this port"
            raise _Failed("what listens there accepts connections and does not answer", cure)
        if spoken == "neither":
            cure = "look at the port, and whether a proxy on the way speaks HTTP/2"
            raise _Failed("what listens there speaks neither TLS nor HTTP/2", cure)
        if (spoken == "TLS") is not self._wants_tls:
            detail = "the server speaks TLS" if spoken == "TLS" else "the server does not speak TLS"
            raise _Failed(detail, f"connect to {self._other_uri()}")
        return f"{spoken}, as the URI says"

    def _certificate(self) -> str:
        host, port = self._at
        if not self._wants_tls:
            raise _Skipped("there is none without TLS")
        files = {
            name: self.target.arguments.get(name) for name in ("tls_ca", "tls_cert", "tls_key")
        }
        try:
            shown = probe.shown_certificate(host, port, files)
        except ssl.SSLCertVerificationError as exc:
            if exc.verify_code in _WRONG_NAME:
                shown = probe.shown_certificate(host, port, files, any_host=True)
                names = ", ".join(name for _, name in shown.get("subjectAltName", ()))
                raise _Failed(
                    f"the certificate is not for {host!r} but for: {names or 'nobody'}",
                    "connect by a name that it has, or have it made for this one",
                ) from exc
            raise _Failed(f"the certificate is refused: {exc.verify_message}", _cure(exc)) from exc
        except (ssl.SSLError, ConnectionError) as exc:
            cure = "give a certificate that a CA of the server has signed: --tls-cert, --tls-key"
            raise _Failed(f"the server refuses this client: {_reason(exc)}", cure) from exc
        except OSError as exc:
            named = ": ".join(str(part) for part in (exc.filename, _reason(exc)) if part)
            cure = "look at --tls-ca, --tls-cert and --tls-key"
            raise _Failed(f"a file of this client cannot be used: {named}", cure) from exc
        days = (ssl.cert_time_to_seconds(shown["notAfter"]) - time.time()) // _DAY_SECONDS
        return f"trusted, for {days:.0f} more days"

    def _credentials(self) -> str:
        arguments = self.target.arguments
        given = arguments.get("token") is not None or arguments.get("username") is not None
        try:
            self._client = connect(
                self.target.uri,
                **{
                    **arguments,
                    "attempts": 1,
                    "timeout_seconds": _CALL_SECONDS,
                    "tune_allocator": False,
                },
            )
            in_background(self._client.actions)
        except ConfigError as exc:
            raise _Failed(exc.message, "change what you give to this command") from exc
        except Unauthenticated as exc:
            cure = "look whether it has expired" if given else "give --token, or a --profile"
            raise _Failed(f"the server refuses the login: {exc.message}", cure) from exc
        except LimitExceeded as exc:
            wait = f"{exc.retry_after_seconds:g} seconds" if exc.retry_after_seconds else "a while"
            raise _Failed(f"the server refuses for now: {exc.message}", f"wait {wait}") from exc
        except PermissionDenied:
            pass  # it knows who asks
        except FlightStreamError as exc:
            cure = "look at the log of the server, and at a proxy on the way"
            raise _Failed(f"the first call does not succeed: {exc.message}", cure) from exc
        return "the server takes the login" if given else "none given, and none wanted"

    def _metadata(self) -> str:
        assert self._client is not None
        try:
            flights = in_background(self._client.flights)
        except FlightStreamError as exc:
            call = f" under call {exc.call}" if exc.call else ""
            cure = f"look at the log of the server{call}"
            raise _Failed(f"the flights cannot be listed: {exc.message}", cure) from exc
        return f"{len(flights):,} {'flight' if len(flights) == 1 else 'flights'} to be seen"

    def _versions(self) -> str:
        assert self._client is not None
        client = self._client
        try:
            (answer,) = in_background(lambda: client.action("server-info"))
            told: Any = json.loads(answer)
            server = str(told["version"])
        except (NotFound, PermissionDenied) as exc:
            raise _Skipped(f"the server does not tell: {exc.message}") from exc
        except (FlightStreamError, ValueError, KeyError, TypeError) as exc:
            raise _Skipped("this is no FlightStream server, or an old one") from exc
        return f"the server has {server}, this is {version('flightstream-core')}"


def _reason(exc: Exception) -> str:
    if isinstance(exc, ssl.SSLError) and exc.reason:
        return exc.reason.lower().replace("_", " ")
    return str(getattr(exc, "strerror", None) or exc).lower()


def _cure(exc: ssl.SSLCertVerificationError) -> str:
    match exc.verify_code:
        case 9 | 10:  # not yet, not any more
            return "have the server's certificate renewed; look at the clocks"
        case 18 | 19 | 20 | 21:  # nobody here knows who signed it
            return "give the CA that has signed it with --tls-ca"
    return "have the server's certificate made anew"
