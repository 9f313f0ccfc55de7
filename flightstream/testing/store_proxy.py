"""A proxy before an object store, that fails when it is told to."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self

_DEADLINE_SECONDS = 30.0
# Of the connection, not of the answer, or said by this server itself.
_NOT_PASSED_ON = {
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
}


class StoreRequest(BaseHTTPRequestHandler):
    """One request that came to a :class:`StoreProxy`.

    Its ``command`` is the method, ``path`` has the query, ``headers`` are as in
    :class:`http.server.BaseHTTPRequestHandler`.

    .. versionadded:: 0.1
    """

    proxy: "StoreProxy"

    def pass_on(self, share: float = 1.0) -> bool:
        """Answer as the store does, with a share of the body; return true."""
        length = int(self.headers.get("Content-Length", 0))
        asked = self.command, self.path, self.rfile.read(length), dict(self.headers)
        with closing(HTTPConnection(self.proxy.upstream, timeout=_DEADLINE_SECONDS)) as upstream:
            upstream.request(*asked)
            answer = upstream.getresponse()
            body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        whole = answer.getheader("Content-Length") if self.command == "HEAD" else len(body)
        self.send_header("Content-Length", str(whole or 0))
        self.end_headers()
        self.wfile.write(body[: int(len(body) * share)])
        return True

    def answer(self, status: int, body: bytes = b"", content_type: str = "application/xml") -> bool:
        """Answer in the store's place; return true."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def stay_silent(self) -> bool:
        """Wait until the proxy is stopped, and answer nothing; return true."""
        return self.proxy.stopped.wait()

    def break_off(self) -> bool:
        """Close the connection without an answer; return true."""
        return True

    def _handle(self) -> None:
        self.close_connection = True
        fault = self.proxy.fault
        if fault is None or not fault(self):
            self.pass_on()

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _handle

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


class StoreProxy:
    """Passes requests on to a store, but for those that a fault takes.

    Requests are signed for the address that they are sent to, which the store
    reads from the header ``Host``: that is passed on as it is.

    Attributes:
        url: What a plugin is given as its endpoint.
        fault: Called with each :class:`StoreRequest`; returns whether it has dealt
            with it. What it has not is passed on.

    .. versionadded:: 0.1
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream.partition("://")[2].partition("/")[0]
        self.fault: Callable[[StoreRequest], bool] | None = None
        self.stopped = Event()
        self._server = self._listening(0)
        self._port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self._port}"

    @classmethod
    @contextmanager
    def before(cls, upstream: str) -> Iterator[Self]:
        """Listen before the store at a URL, in a ``with`` block."""
        proxy = cls(upstream)
        try:
            yield proxy
        finally:
            proxy.stop()

    def stop(self) -> None:
        """Refuse connections from now on."""
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def start(self) -> None:
        """Listen again, at the same address."""
        self.stopped.clear()
        self._server = self._listening(self._port)

    def _listening(self, port: int) -> ThreadingHTTPServer:
        handler = type("Request", (StoreRequest,), {"proxy": self})
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server
