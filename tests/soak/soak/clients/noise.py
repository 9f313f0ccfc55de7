"""Bytes that are no calls, on both ports of the server."""

import socket
import struct
from contextlib import suppress
from random import Random

from soak.session import Session

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def any_noise(session: Session) -> None:
    """Connect, send what is no call, and leave in one way or another."""
    port = session.random.choice([session.port, session.port, session.metrics_port])
    with suppress(OSError), socket.create_connection(("localhost", port), timeout=5) as connected:
        connected.sendall(_bytes(session.random))
        match session.random.randrange(4):
            case 0:  # half open: nothing more is sent, but it would still listen
                connected.shutdown(socket.SHUT_WR)
                session.pause(1.0)
            case 1:  # silent
                session.pause(1.0)
            case 2:  # reset
                linger = struct.pack("ii", 1, 0)
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            case 3:
                connected.recv(10_000)
    session.pause(0.1)


def _bytes(random: Random) -> bytes:
    return random.choice(
        [
            b"",
            random.randbytes(random.randrange(1, 5_000)),
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\n" + b"X-Long: " + b"x" * 200_000,
            b"\x16\x03\x01" + random.randbytes(500),  # TLS begins so
            _PREFACE,
            _PREFACE + random.randbytes(random.randrange(1, 500)),
            _PREFACE + _frame(4, b"") + _frame(1, random.randbytes(50), flags=5, stream=1),
            _PREFACE + _frame(4, b"") + _frame(0, b"x" * 16_384, stream=3) * 10,
            _PREFACE + _frame(4, b"") + _frame(6, b"8 bytes.") * 100,
        ]
    )


def _frame(kind: int, payload: bytes, flags: int = 0, stream: int = 0) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload
