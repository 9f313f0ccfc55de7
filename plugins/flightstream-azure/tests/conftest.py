"""A store, containers in it, and how it is stopped and started again."""

import json
import os
import shlex
import shutil
import socket
import ssl
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import trustme
from attrs import define, field
from azure.storage.blob import BlobServiceClient, ContainerClient

DEADLINE_SECONDS = 30.0
ACCOUNT = "lakeaccount"
KEY = "c2VjcmV0IG9uIGxvb3BiYWNrIGFsb25lLCB6ei1rM3k="


@define(eq=False)
class Store:
    """Azurite, which checks keys and signatures."""

    folder: Path
    program: str
    port: int
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, Any]:
        return {"endpoint": self.url, "account": ACCOUNT, "account_key": KEY}

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        command = [*shlex.split(self.program), "--blobHost", "127.0.0.1", "--silent"]
        command += ["--blobPort", str(self.port), "--location", str(self.folder / "data")]
        command += ["--disableTelemetry", "--skipApiVersionCheck"]
        environ = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                told = (self.folder / "log").read_text()
                assert self._process.poll() is None, told
                assert time.monotonic() < deadline, told
                time.sleep(0.02)

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()  # it keeps what it was given when it is asked to end
        self._process.wait()

    def client(self) -> BlobServiceClient:
        credential = {"account_name": ACCOUNT, "account_key": KEY}
        return BlobServiceClient(f"{self.url}/{ACCOUNT}", credential)


@define(eq=False)
class Container:
    """A container of its own for each test."""

    name: str
    store: Store
    client: ContainerClient

    @property
    def uri(self) -> str:
        return f"abfs://{self.name}"

    def put(self, key: str, content: bytes, **options: Any) -> None:
        self.client.upload_blob(key, content, overwrite=True, **options)

    def fill(self, files: Mapping[str, bytes], prefix: str = "") -> None:
        for name, content in files.items():
            self.put(prefix + name, content)

    def remove(self, key: str) -> None:
        self.client.delete_blob(key)


@pytest.fixture(scope="session", autouse=True)
def _no_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the account of whoever runs the tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AZURE_")]:
            patch.delenv(name)
        patch.setenv("AZURE_CONFIG_DIR", str(tmp_path_factory.mktemp("az")))
        yield


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    program = os.environ.get("FLIGHTSTREAM_AZURITE") or shutil.which("azurite-blob")
    if program is None:
        pytest.skip(
            "there is no Azurite: run plugins/flightstream-azure/tests/with-azurite pytest …, or"
            " npm install --global azurite"
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = Store(tmp_path_factory.mktemp("azurite"), program, port)
    store.start()
    yield store
    store.stop()


@pytest.fixture
def new_container(store: Store) -> Iterator[Callable[[], Container]]:
    with store.client() as client:

        def new() -> Container:
            name = f"flightstream-{uuid.uuid4().hex[:16]}"
            return Container(name, store, client.create_container(name))

        yield new


@pytest.fixture
def container(new_container: Callable[[], Container]) -> Container:
    return new_container()


@pytest.fixture
def start(registry: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that starts a server's plugins with a source, in this process."""

    def start(uri: str, *plugins: type[Any], **options: Any) -> Any:
        config = {"plugins": {"enabled": [], "azure": options}, "sources": {"lake": {"uri": uri}}}
        return registry(*plugins, config=config)

    return start


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
