"""A small object store, which ``docs/examples/bucket_storage.py`` opens."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class WebStore:
    """Keeps objects in memory, by ``bucket/key``."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        handler = type("Request", (_Request,), {"objects": self.objects})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Request(BaseHTTPRequestHandler):
    objects: dict[str, bytes]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path).strip("/")
        if "/" not in path:
            [prefix] = parse_qs(url.query).get("prefix", [""])
            self._answer(200, json.dumps(self._listed(path, prefix)).encode())
        elif path not in self.objects:
            self._answer(404)
        else:
            content = self.objects[path]
            begin, _, end = self.headers["Range"].removeprefix("bytes=").partition("-")
            changed = self.headers["If-Match"] not in (None, "*", _etag(content))
            self._answer(412) if changed else self._answer(206, content[int(begin) : int(end) + 1])

    def _listed(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        return [
            {"name": key, "size": len(content), "etag": _etag(content)}
            for name, content in self.objects.copy().items()
            for of, _, key in [name.partition("/")]
            if of == bucket and key.startswith(prefix)
        ]

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
