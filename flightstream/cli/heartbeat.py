"""Whether a server still answers, for a watchdog."""

import socket
import ssl
from contextlib import suppress

from flightstream.server import Server

_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "localhost"}


def answers(server: Server, timeout_seconds: float) -> bool:
    """Tell whether the transport answers who connects, as far as that takes no call.

    HTTP/2 begins with settings of the server, and TLS with its answer to a hello:
    both come from the threads that calls come from. A call of our own would be in
    the log, the metrics and the quotas.
    """
    host = _EVERY_ADDRESS.get(server.info.host, server.info.host)
    try:
        with socket.create_connection((host, server.port), timeout_seconds) as connection:
            connection.settimeout(timeout_seconds)
            if server.info.tls:
                connection.sendall(_hello())
            return bool(connection.recv(1))
    except OSError:
        return False


def _hello() -> bytes:
    """Return what a client of TLS begins with; it is never more than begun."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent).do_handshake()
    return sent.read()
