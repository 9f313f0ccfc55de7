"""What is wrong is said at start, as far as it is certain, and with the cure."""

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest
from flightstream_gcs import GcsStorage

from flightstream import ConfigError, FlightStreamError
from flightstream.testing import FaultyAdapter, StoreProxy

pytest_plugins = ["flightstream.testing"]

PLUGINS = (GcsStorage, FaultyAdapter)
FAST = {"anonymous": True, "retry_seconds": 1.0, "request_timeout_seconds": 0.5}


class Refusing(BaseHTTPRequestHandler):
    status: ClassVar[int] = 0

    def do_GET(self) -> None:
        text = b"<Error><Code>x</Code><Message>for s3cr3t</Message></Error>"
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def refusing(request: pytest.FixtureRequest) -> Iterator[str]:
    """A store that answers every request with one status."""
    server = HTTPServer(("127.0.0.1", 0), type("H", (Refusing,), {"status": request.param}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("refusing", "told"),
    [
        (401, "set credentials or GOOGLE_APPLICATION_CREDENTIALS"),
        (403, "grant storage.objects.list and storage.objects.get"),
        (404, "there is no such bucket"),
    ],
    indirect=["refusing"],
)
def test_refusal_of_the_store_stops_the_start(start, refusing, told) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        start("gs://bucket/x", *PLUGINS, endpoint=refusing, **FAST)

    assert caught.value.message.startswith("gs://bucket/x cannot be read: ")
    assert "s3cr3t" not in caught.value.message


@pytest.mark.parametrize(
    ("refusing", "told"),
    [(503, "overloaded or failing"), (429, "overloaded or failing")],
    indirect=["refusing"],
)
def test_store_that_may_recover_is_a_warning(start, captured_logs, refusing, told) -> None:
    registry = start("gs://bucket/x", *PLUGINS, endpoint=refusing, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert told in warning["problem"]
    with pytest.raises(FlightStreamError, match=told) as caught:
        list(registry.mounts[0].source.files("**"))
    assert caught.value.code == "unavailable"


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_endpoint_that_is_not_there_is_a_warning(start, captured_logs, host) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://{host}:{unused.getsockname()[1]}"
        start("gs://bucket/x", *PLUGINS, endpoint=endpoint, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert warning["problem"] == "the store cannot be reached: check endpoint and that it runs"


def test_silent_store_is_a_warning(start, captured_logs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start("gs://bucket/x", *PLUGINS, endpoint=endpoint, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert "does not answer in time" in warning["problem"]


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("gs:///key", "is no name of a bucket"),
        ("gs://key:s3cr3t@bucket", "has no login in it"),
        ("gs://bucket//key", "an empty part"),
    ],
)
def test_places_that_cannot_be_are_refused(start, uri, told) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        start(uri, *PLUGINS)

    assert "s3cr3t" not in caught.value.message


def test_whole_bucket_is_a_source(start, bucket) -> None:
    bucket.fill(dict.fromkeys(["a.txt", "b/c.txt", "b/f/"], b""))

    files = start(bucket.uri, *PLUGINS, **bucket.store.options).mounts[0].source.files("**")

    assert [file.name for file in files] == ["a.txt", "b/c.txt"]


def test_objects_that_no_file_can_be_are_left_out_with_a_warning(
    start, store, captured_logs
) -> None:
    # fake-gcs-server makes one slash of two.
    names = ["a.txt", "b//c.txt", "d\u0007.txt", "e/"]
    items = [{"name": name, "size": "1", "generation": "7"} for name in names]
    with StoreProxy.before(store.url) as proxy:
        proxy.fault = lambda request: (
            "/o?" in request.path
            and request.answer(200, json.dumps({"items": items}).encode(), "application/json")
        )
        source = start("gs://bucket", *PLUGINS, endpoint=proxy.url, **FAST).mounts[0].source
        found = [(file.name, file.size, file.version) for file in source.files("**")]

    assert found == [("a.txt", 1, "7")]
    left_out = [log["file"] for log in captured_logs if log["event"] == "file_name_unusable"]
    assert left_out == ["b//c.txt", "d\\x07.txt"]
