"""What is wrong is said at start, as far as it is certain, and with the cure."""

import base64
import socket
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import pytest
from azure.storage.blob import ContentSettings
from flightstream_azure import AzureStorage

from flightstream import ConfigError, FlightStreamError, Unavailable
from flightstream.testing import FaultyAdapter, StoreProxy

pytest_plugins = ["flightstream.testing"]

PLUGINS = (AzureStorage, FaultyAdapter)
FAST = {"retries": 0, "request_timeout_seconds": 0.5}
KEY = base64.b64encode(b"zz-s3cr3t").decode()
OPEN = {"account": "acme", "anonymous": True}


def refuse(status: int, code: str = "") -> Callable[[Any], bool]:
    """Answer all requests with an error, as Azure does."""

    def answer(request: Any) -> bool:
        body = f"<Error><Code>{code}</Code><Message>for zz-t0ld</Message></Error>".encode()
        request.send_response(status)
        request.send_header("x-ms-error-code", code)
        request.send_header("Content-Type", "application/xml")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
        return True

    return answer


def page(names: list[str], follows: str = "") -> bytes:
    """Return a part of a listing, as Azure gives it."""
    blobs = "".join(
        f"<Blob><Name>{escape(name)}</Name><Properties><Etag>0x7</Etag><Content-Length>1"
        "</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
        for name in names
    )
    text = f"<Blobs>{blobs}</Blobs><NextMarker>{follows}</NextMarker>"
    return f"<EnumerationResults>{text}</EnumerationResults>".encode()


@pytest.fixture
def answering(store: Any) -> Any:
    """Return a proxy before the store, for answers of our own."""
    with StoreProxy.before(store.url) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "AuthenticationFailed", "the account does not accept the key: check account_key"),
        (403, "AuthorizationPermissionMismatch", "grant the role Storage Blob Data Reader"),
        (403, "KeyBasedAuthenticationNotPermitted", "the account allows no shared keys"),
        (403, "AccountIsDisabled", "the account is disabled"),
        (401, "", "the account does not accept the key"),
        (404, "ContainerNotFound", "there is no such container: check the URI and account"),
        (409, "ContainerBeingDeleted", "there is no such container"),
    ],
)
def test_refusal_of_the_store_stops_the_start(start, answering, status, code, told) -> None:
    answering.fault = refuse(status, code)
    options = {"endpoint": answering.url, "account": "acme", "account_key": KEY, **FAST}

    with pytest.raises(ConfigError, match=told) as caught:
        start("abfs://lake/x", *PLUGINS, **options)

    assert caught.value.message.startswith("abfs://lake/x cannot be read: ")
    assert "zz-t0ld" not in caught.value.message


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "NoAuthenticationInformation"),
        (404, "ResourceNotFound"),
        (409, "PublicAccessNotPermitted"),
    ],
)
def test_container_that_is_not_public_stops_the_start(start, answering, status, code) -> None:
    answering.fault = refuse(status, code)

    with pytest.raises(ConfigError, match="there is no such container, or it is not public"):
        start("abfs://lake/x", *PLUGINS, endpoint=answering.url, **OPEN, **FAST)


def test_archived_file_says_so_when_it_is_read(start, container, answering) -> None:
    container.put("a.txt", b"hello")
    options = {**container.store.options, "endpoint": answering.url, **FAST}
    registry = start(container.uri, *PLUGINS, **options)
    [file] = registry.mounts[0].source.files("**")
    answering.fault = lambda request: (
        request.command == "GET" and refuse(409, "BlobArchived")(request)
    )

    with pytest.raises(Unavailable, match="a file is archived: move it to the hot, cool or cold"):
        file.open().read()


@pytest.mark.parametrize(
    ("status", "code"), [(503, "ServerBusy"), (500, "OperationTimedOut"), (429, "")]
)
def test_store_that_may_recover_is_a_warning(start, answering, captured_logs, status, code) -> None:
    answering.fault = refuse(status, code)

    registry = start("abfs://lake/x", *PLUGINS, endpoint=answering.url, **OPEN, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert "overloaded or failing" in warning["problem"]
    with pytest.raises(FlightStreamError, match="overloaded or failing") as caught:
        list(registry.mounts[0].source.files("**"))
    assert caught.value.code == "unavailable"


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", "the store cannot be reached: check endpoint and that it runs"),
        (
            "acme.no-such-host.invalid",
            "the account's host has no address: check account or the URI, and this machine's DNS",
        ),
    ],
)
def test_account_that_is_not_there_is_a_warning(start, captured_logs, host, told) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://{host}:{unused.getsockname()[1]}"
        start("abfs://lake/x", *PLUGINS, endpoint=endpoint, **OPEN, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert warning["problem"] == told


def test_silent_store_is_a_warning(start, captured_logs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start("abfs://lake/x", *PLUGINS, endpoint=endpoint, **OPEN, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert "does not answer in time" in warning["problem"]


def test_store_that_is_none_is_a_warning(start, answering, captured_logs) -> None:
    answering.fault = lambda request: request.answer(200, b"<html>Log in!</html>", "text/html")

    start("abfs://lake/x", *PLUGINS, endpoint=answering.url, **OPEN, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert "an answer that means nothing" in warning["problem"]


def test_whole_container_is_a_source(start, container) -> None:
    container.fill(dict.fromkeys(["a.txt", "b/c.txt", "b/f/"], b""))

    files = start(container.uri, *PLUGINS, **container.store.options).mounts[0].source.files("**")

    assert [file.name for file in files] == ["a.txt", "b/c.txt"]


def test_container_that_is_not_there_stops_the_start(start, store) -> None:
    with pytest.raises(ConfigError, match="there is no such container: check the URI"):
        start("abfs://no-such-container/x", *PLUGINS, **store.options)


def test_files_are_as_they_lie_there_whatever_they_are_served_as(start, container) -> None:
    content = ContentSettings(content_encoding="gzip", content_type="text/csv")
    container.put("a.csv.gz", b"no gzip, whatever it says", content_settings=content)

    registry = start(container.uri, *PLUGINS, **container.store.options)
    [file] = registry.mounts[0].source.files("**")

    assert file.open().read() == b"no gzip, whatever it says"


def test_blobs_that_no_file_can_be_are_left_out_with_a_warning(
    start, answering, captured_logs
) -> None:
    names = ["a.txt", "b//c.txt", "d\u007f.txt", "e/../a.txt", "./a.txt", "f/"]
    answering.fault = lambda request: request.answer(200, page(names))

    registry = start("abfs://lake", *PLUGINS, endpoint=answering.url, **OPEN, **FAST)
    found = [(one.name, one.size, one.version) for one in registry.mounts[0].source.files("**")]

    assert found == [("a.txt", 1, "0x7")]
    left_out = [log["file"] for log in captured_logs if log["event"] == "file_name_unusable"]
    assert left_out == ["b//c.txt", "d\\x7f.txt", "e/../a.txt", "./a.txt"]


def test_listing_goes_on_page_by_page(start, answering) -> None:
    names = [f"{number:04}.txt" for number in range(5_003)]
    asked = []

    def answer(request: Any) -> bool:
        asked.append("marker=second" in request.path)
        body = page(names[5_000:]) if asked[-1] else page(names[:5_000], "second")
        return request.answer(200, body)

    answering.fault = answer
    registry = start("abfs://lake", *PLUGINS, endpoint=answering.url, **OPEN, **FAST)
    asked.clear()

    assert [file.name for file in registry.mounts[0].source.files("**")] == names
    assert asked == [False, True]


def test_connections_are_opened_again_after_a_close(start, container) -> None:
    container.put("a.txt", b"hello")
    registry = start(container.uri, *PLUGINS, **container.store.options)
    [file] = registry.mounts[0].source.files("**")

    registry.shutdown()

    assert file.open().read() == b"hello"
