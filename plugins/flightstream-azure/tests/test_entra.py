"""Logins of Microsoft Entra: tokens for an application, or of what is around."""

import json
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import trustme
from attrs import define, field
from flightstream_azure import AzureStorage

from flightstream import ConfigError, FlightStreamError
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

PLUGINS = (AzureStorage, FaultyAdapter)
URI = "abfss://lake@acme.dfs.core.windows.net"
LOGIN = {"tenant_id": "acme.com", "client_id": "reader", "client_secret": "zz-s3cr3t"}
REFUSED = {"error": "invalid_client", "error_description": "AADSTS7000215: not zz-t0ld"}
FAST = {"retries": 0, "request_timeout_seconds": 1.0}


@define(eq=False)
class Cloud:
    """Azure's hosts, as a proxy gives them: one that gives tokens, and an account that takes them.

    In it is one container ``lake`` with the blob ``a.txt``, of ``hello``.
    """

    proxy: str
    certificates: str
    tenant: str = "acme.com"
    entra: tuple[int, dict[str, Any]] | None = None
    refusal: tuple[int, str] | None = None
    stays_silent: bool = False
    given: int = 0
    seen: list[str] = field(factory=list)
    stopped: Event = field(factory=Event)

    def answer(self, request: "CloudRequest") -> None:
        host = request.headers["Host"]
        if self.stays_silent:
            self.stopped.wait()
        elif host.startswith("login."):
            self._log_in(request)
        elif host == "acme.blob.core.windows.net":
            self.seen.append(request.headers["Authorization"])
            self._give(request)

    def _log_in(self, request: "CloudRequest") -> None:
        host = request.headers["Host"]
        base = f"https://{host}/{self.tenant}"
        openid = f"{base}/v2.0/.well-known/openid-configuration"
        if "/discovery/instance" in request.path:
            one = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
            told: dict[str, Any] = {"tenant_discovery_endpoint": openid, "metadata": [one]}
        elif request.command == "GET" and self.tenant not in request.path:
            request.answer(400, b'{"error": "invalid_tenant"}')
            return
        elif request.command == "GET":
            paths = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
            told = {name: f"{base}/oauth2/v2.0/{path}" for name, path in paths.items()}
            told["issuer"] = f"{base}/v2.0"
        else:
            request.rfile.read(int(request.headers["Content-Length"]))
            self.given += 1
            token = f"token-{self.given}"
            told = {"token_type": "Bearer", "access_token": token, "expires_in": 3599}
            if self.entra is not None:
                request.answer(self.entra[0], json.dumps(self.entra[1]).encode())
                return
        request.answer(200, json.dumps(told).encode())

    def _give(self, request: "CloudRequest") -> None:
        same = {"ETag": '"0x7"', "x-ms-blob-type": "BlockBlob"}
        if self.refusal is not None:
            status, code = self.refusal
            request.answer(status, b"<Error/>", **{"x-ms-error-code": code})
        elif request.path.startswith("/lake?"):
            blob = (
                "<Blob><Name>a.txt</Name><Properties><Etag>0x7</Etag><Content-Length>5"
                "</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
            )
            body = f"<EnumerationResults><Blobs>{blob}</Blobs></EnumerationResults>"
            request.answer(200, body.encode(), **{"Content-Type": "application/xml"})
        else:
            assert (request.path, request.headers["If-Match"]) in (
                ("/lake/a.txt", None if request.command == "HEAD" else '"0x7"'),
            )
            status = 200 if request.command == "HEAD" else 206
            request.answer(status, b"hello", **same, **{"Content-Range": "bytes 0-4/5"})


class CloudRequest(BaseHTTPRequestHandler):
    cloud: Cloud
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        self.cloud.answer(self)

    do_HEAD = do_POST = do_GET

    def log_message(self, *_args: Any) -> None:
        pass


class Tunnel(BaseHTTPRequestHandler):
    """Answers itself what is sent to any host."""

    cloud: Cloud
    tls: ssl.SSLContext

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        handler = type("Request", (CloudRequest,), {"cloud": self.cloud})
        with (
            suppress(OSError),  # of who does not trust it
            self.tls.wrap_socket(self.connection, server_side=True) as connection,
        ):
            handler(connection, self.client_address, self.server)

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def cloud(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cloud]:
    hosts = authority.issue_cert("login.microsoftonline.com", "acme.blob.core.windows.net")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    hosts.configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    handler = type("Proxy", (Tunnel,), {"tls": tls})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    cloud = Cloud(f"http://127.0.0.1:{server.server_address[1]}", str(tmp_path / "ca.pem"))
    handler.cloud = cloud
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("HTTPS_PROXY", cloud.proxy)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", cloud.certificates)
    yield cloud
    cloud.stopped.set()
    server.shutdown()
    server.server_close()
    thread.join()


def nobody() -> str:
    """Return a URL where nobody answers."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No program logs in, and the machine is none of Azure's."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", nobody())


def test_files_are_listed_and_read_with_a_token(start, cloud) -> None:
    [file] = start(URI, *PLUGINS, **LOGIN).mounts[0].source.files("**")

    assert file.open().read() == b"hello"
    assert set(cloud.seen) == {"Bearer token-1", "Bearer token-2"}  # one was for the start


def test_login_of_the_environment_is_used(start, cloud, monkeypatch) -> None:
    for name, value in LOGIN.items():
        monkeypatch.setenv(f"AZURE_{name.upper()}", value)

    [file] = start(URI, *PLUGINS).mounts[0].source.files("**")

    assert file.open().read() == b"hello"


@pytest.mark.parametrize("place", ["options", "environment"])
def test_wrong_secret_stops_the_start(start, cloud, monkeypatch, captured_logs, caplog, place):
    cloud.entra = 401, REFUSED
    if place == "environment":
        for name, value in LOGIN.items():
            monkeypatch.setenv(f"AZURE_{name.upper()}", value)

    with pytest.raises(ConfigError) as caught:
        start(URI, *PLUGINS, **(LOGIN if place == "options" else {}))

    assert caught.value.message == (
        f"{URI} cannot be read: Microsoft Entra does not accept the login: check tenant_id,"
        " client_id and client_secret, or AZURE_TENANT_ID and its like"
    )
    assert "zz-" not in f"{captured_logs} {caplog.text}"


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ((401, "InvalidAuthenticationInfo"), "the account does not accept the login: log in at"),
        ((403, "AuthorizationPermissionMismatch"), "grant the role Storage Blob Data Reader"),
    ],
)
def test_login_that_is_not_enough_stops_the_start(start, cloud, refusal, told) -> None:
    cloud.refusal = refusal

    with pytest.raises(ConfigError, match=told):
        start(URI, *PLUGINS, **LOGIN)


def test_tenant_that_is_not_there_stops_the_start(start, cloud) -> None:
    cloud.tenant = "other.com"

    with pytest.raises(ConfigError, match="Microsoft Entra does not accept the login"):
        start(URI, *PLUGINS, **LOGIN)


@pytest.mark.parametrize("trouble", ["failing", "silent", "away"])
def test_entra_that_may_recover_is_a_warning(
    start, cloud, captured_logs, monkeypatch, trouble
) -> None:
    cloud.entra, cloud.stays_silent = (503, {}), trouble == "silent"
    if trouble == "away":
        monkeypatch.setenv("HTTPS_PROXY", nobody())
    told = "Microsoft Entra cannot be asked for a token: check that this machine reaches it"

    registry = start(URI, *PLUGINS, **LOGIN, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert told in warning["problem"]
    with pytest.raises(FlightStreamError, match=told) as caught:
        list(registry.mounts[0].source.files("**"))
    assert caught.value.code == "unavailable"


def test_certificate_that_nobody_trusts_is_a_warning(
    start, cloud, captured_logs, monkeypatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")

    start(URI, *PLUGINS, anonymous=True, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert warning["problem"].startswith("the store's certificate cannot be trusted: check")


def test_machine_without_credentials_is_told_what_to_set(start, cloud, alone) -> None:
    with pytest.raises(ConfigError) as caught:
        start(URI, *PLUGINS, request_timeout_seconds=1.0)

    assert caught.value.message == (
        f"{URI} cannot be read: there are no credentials for the store: set account_key,"
        " sas_token or client_secret, log in with AZURE_CLIENT_ID and its like or `az login`, or"
        " set anonymous = true for a public container"
    )
    assert cloud.seen == []


def test_login_of_the_environment_that_cannot_be_stops_the_start(
    start, cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**LOGIN, "tenant_id": "https://acme"}.items():
        monkeypatch.setenv(f"AZURE_{name.upper()}", value)

    with pytest.raises(ConfigError, match="the environment has a login that cannot be used"):
        start(URI, *PLUGINS)


def test_nothing_of_a_login_is_in_the_log_of_any_library(
    start: Callable[..., Any], cloud: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        [file] = start(URI, *PLUGINS, **LOGIN).mounts[0].source.files("**")
        assert file.open().read() == b"hello"

    assert "token-" not in caplog.text
    assert LOGIN["client_secret"] not in caplog.text
