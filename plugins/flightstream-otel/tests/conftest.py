"""A small receiver of OTLP over HTTP."""

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from attrs import define, field
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

DEADLINE_SECONDS = 20.0
MESSAGES = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}


@define(eq=False)
class Receiver:
    """Keeps the requests that it is sent."""

    server: Any
    requests: Any = field(factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://localhost:{self.server.server_address[1]}"

    def spans(self) -> list[Any]:
        """Return all spans so far."""
        return [
            span
            for message in self.of("/v1/traces")
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> dict[str, list[Any]]:
        """Return the data points of each metric as it was last told."""
        found: dict[str, list[Any]] = {}
        for message in self.of("/v1/metrics"):
            for resource in message.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        kind = metric.WhichOneof("data")
                        found[metric.name] = list(getattr(metric, kind).data_points)
        return found

    def of(self, path: str) -> list[Any]:
        return [message for one, _headers, message in self.requests if one == path]

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait for something to become true, and return that."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (value := condition()):
            assert time.monotonic() < deadline, f"nothing came: {self.requests}"
            time.sleep(0.01)
        return value


def attributes(one: Any) -> dict[str, Any]:
    """Return the attributes of a span, a data point or a resource."""
    return {pair.key: _plain(pair.value) for pair in one.attributes}


def _plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(inner) for inner in value.array_value.values]
    return getattr(value, kind)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            message = MESSAGES[self.path].FromString(body)
            receiver.requests.append((self.path, headers, message))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("localhost", 0), Handler) as server:
        receiver = Receiver(server)
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture(scope="session")
def attributes_of() -> Callable[[Any], dict[str, Any]]:
    return attributes
