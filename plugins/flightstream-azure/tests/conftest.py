"""A store, containers in it, and how it is stopped and started again."""

import os
import shlex
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
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
