"""What listens at an address: looked at below Arrow, which tells little of what is wrong."""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeAlias

Spoken: TypeAlias = Literal["TLS", "plaintext", "neither", "nothing"]

TIMEOUT_SECONDS = 5.0
# How a client of HTTP/2 begins, with an empty SETTINGS frame; a server answers with its own.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_SETTINGS = 4


def addresses_of(host: str) -> list[str]:
    """Return the addresses of a host.

    Raises:
        OSError: It has none.
        UnicodeError: It cannot be a name.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})


def spoken_at(host: str, port: int, timeout_seconds: float = TIMEOUT_SECONDS) -> Spoken:
    """Tell what a server speaks, whatever its certificate.

    Args:
        host: Where it is.
        port: Where it listens.
        timeout_seconds: How long it is waited for; what has not said a word then, and has
            not hung up, speaks ``"nothing"``.

    Raises:
        OSError: Nobody listens.
    """
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
    anything.set_alpn_protocols(["h2"])
    place = (host, port)
    is_silent = False
    with socket.create_connection(place, timeout_seconds) as connection:
        try:
            with anything.wrap_socket(connection):
                return "TLS"
        except TimeoutError:
            is_silent = True
        except OSError:
            pass
    with socket.create_connection(place, timeout_seconds) as connection, suppress(OSError):
        connection.sendall(_PREFACE)
        try:
            first = connection.recv(1)
        except TimeoutError:
            return "nothing" if is_silent else "neither"
        if (first + _received(connection, 8))[3:4] == bytes([_SETTINGS]):
            return "plaintext"
    return "neither"


def shown_certificate(
    host: str, port: int, files: Mapping[str, Path | None], *, any_host: bool = False
) -> Mapping[str, Any]:
    """Return the certificate of a server, once it is verified and has taken ours.

    Args:
        host: The name that it has to be for.
        port: Where it listens.
        files: ``tls_ca``, ``tls_cert`` and ``tls_key`` of the client.
        any_host: Take one for any name.

    Raises:
        ssl.SSLCertVerificationError: It is not to be trusted.
        ssl.SSLError: The server does not want to talk to us.
        ConnectionError: It hangs up.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = not any_host
    context.set_alpn_protocols(["h2"])
    if files.get("tls_ca") is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(files["tls_ca"])
    if (certificate := files.get("tls_cert")) is not None:
        context.load_cert_chain(certificate, files.get("tls_key"))
    with (
        socket.create_connection((host, port), TIMEOUT_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=host) as encrypted,
    ):
        shown = encrypted.getpeercert() or {}
        # With TLS 1.3 a server refuses our certificate only now, if it says anything.
        encrypted.sendall(_PREFACE)
        if not _received(encrypted, 9):
            raise ConnectionResetError(None, "it hangs up")
        return shown


def _received(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := connection.recv(size - len(data))):
        data += more
    return data
