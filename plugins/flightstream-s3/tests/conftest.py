"""A store, and buckets in it."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from attrs import define, frozen
from botocore.config import Config

from flightstream.testing import StoreProxy

DEADLINE_SECONDS = 30.0


@frozen
class Store:
    """One that speaks S3, and keys for it."""

    endpoint: str
    access_key: str
    secret_key: str
    moto: int | None = None

    @property
    def pid(self) -> int | None:
        """The process, where it may be stopped."""
        file = os.environ.get("FLIGHTSTREAM_S3_PID_FILE")
        return int(Path(file).read_text()) if file else self.moto

    @property
    def options(self) -> dict[str, Any]:
        """What the plugin has to know of it."""
        return {
            "endpoint": self.endpoint,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
        }

    def client(self) -> Any:
        return botocore.session.Session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )


@define(eq=False)
class Bucket:
    """A bucket of its own for each test."""

    name: str
    store: Store
    client: Any

    @property
    def uri(self) -> str:
        return f"s3://{self.name}"

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def fill(self, files: Mapping[str, bytes], prefix: str = "") -> None:
        for name, content in files.items():
            self.put(prefix + name, content)

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def every_key(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]


@pytest.fixture(scope="session", autouse=True)
def _no_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the account of whoever runs the tests alone, and look for no machine at AWS."""
    nothing = str(tmp_path_factory.mktemp("aws") / "nothing")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", nothing)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", nothing)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
        yield


@pytest.fixture(scope="session")
def store(_no_account: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store at FLIGHTSTREAM_S3_ENDPOINT, else moto's server, which checks no keys."""
    if endpoint := os.environ.get("FLIGHTSTREAM_S3_ENDPOINT"):
        keys = [os.environ[f"FLIGHTSTREAM_S3_{name}"] for name in ("ACCESS_KEY", "SECRET_KEY")]
        yield Store(endpoint, *keys)
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("moto") / "log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            _wait_for(port, server, log)
            yield Store(f"http://127.0.0.1:{port}", "testing", "testing", server.pid)
        finally:
            server.kill()


def _wait_for(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)


@pytest.fixture
def new_bucket(store: Store) -> Iterator[Callable[[], Bucket]]:
    client, made = store.client(), []

    def new() -> Bucket:
        bucket = Bucket(f"flightstream-{uuid.uuid4().hex[:16]}", store, client)
        client.create_bucket(Bucket=bucket.name)
        made.append(bucket)
        return bucket

    yield new
    for bucket in made:
        for key in bucket.every_key():
            bucket.remove(key)
        client.delete_bucket(Bucket=bucket.name)
    client.close()


@pytest.fixture
def bucket(new_bucket: Callable[[], Bucket]) -> Bucket:
    return new_bucket()


@pytest.fixture
def proxy(store: Store) -> Iterator[StoreProxy]:
    with StoreProxy.before(store.endpoint) as proxy:
        yield proxy
