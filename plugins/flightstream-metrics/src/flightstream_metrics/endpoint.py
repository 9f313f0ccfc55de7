"""A small HTTP server: a few paths, on few threads, each connection for a few seconds."""

import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from threading import Lock, Thread
from typing import Any, Self, TypeAlias

import structlog
from attrs import frozen

log = structlog.get_logger(__name__)

_THREADS = 4
_MAX_CONNECTIONS = 32
_CONNECTION_SECONDS = 5.0
_POLL_SECONDS = 0.1


@frozen
class Answer:
    """What is answered to a GET."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


Paths: TypeAlias = Mapping[str, Callable[[Mapping[str, str]], Answer]]


class Endpoint(TCPServer):
    """Listens from :meth:`open` to :meth:`close`.

    ``ThreadingHTTPServer`` starts a thread for whoever connects, and keeps it for as
    long as they send nothing.
    """

    allow_reuse_address = True  # what a server before this one has left in TIME_WAIT
    request_queue_size = _MAX_CONNECTIONS

    def __init__(self, family: socket.AddressFamily, address: Any, paths: Paths) -> None:
        self.address_family = family
        self.paths = paths
        self._lock = Lock()
        self._open: dict[socket.socket, float] = {}
        super().__init__(address, _Handler)
        self._pool = ThreadPoolExecutor(_THREADS, "metrics")
        self._thread = Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True, name="metrics"
        )

    @classmethod
    def open(cls, host: str, port: int, paths: Paths) -> Self:
        """Listen at an address; of a host with both, that of IPv4.

        Raises:
            OSError: It is taken, or not one of this machine.
        """
        try:
            found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)
        except UnicodeError as exc:
            raise OSError(0, "this is not the name of a host") from exc
        family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        endpoint = cls(family, address, paths)
        endpoint._thread.start()
        return endpoint

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def close(self) -> None:
        """Stop listening; connections are ended."""
        self.shutdown()
        self._thread.join()
        self._end(lambda _until: True)
        self._pool.shutdown()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Have a thread answer, if there are not too many connections."""
        with self._lock:
            if len(self._open) >= _MAX_CONNECTIONS:
                self.shutdown_request(request)
                return
            self._open[request] = time.monotonic() + _CONNECTION_SECONDS
        self._pool.submit(self._answer, request, client_address)

    def service_actions(self) -> None:
        """End connections that take too long, whatever they wait for."""
        now = time.monotonic()
        self._end(lambda until: until < now)

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            with suppress(OSError):  # whoever asked has gone, or was ended
                self.finish_request(request, client_address)
        finally:
            with self._lock:
                del self._open[request]
            self.shutdown_request(request)

    def _end(self, is_over: Callable[[float], bool]) -> None:
        with self._lock:
            for request, until in self._open.items():
                if is_over(until):
                    with suppress(OSError):
                        request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request; nothing in an answer tells of what runs here."""

    server: Endpoint
    server_version = "flightstream"
    sys_version = ""

    def do_GET(self) -> None:
        answer_for = self.server.paths.get(self.path.partition("?")[0])
        if answer_for is None:
            self.send_error(404)
            return
        try:
            answer = answer_for({name.lower(): value for name, value in self.headers.items()})
        except Exception:
            log.exception("metrics_failed")
            answer = Answer(500, b"the server's log says why this failed\n")
        self._send(answer)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        paths = ", ".join(self.server.paths)
        self._send(Answer(code, f"{int(code)}: GET {paths}\n".encode()))

    def log_message(self, format: str, *args: Any) -> None:
        """Leave the log to calls."""

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
