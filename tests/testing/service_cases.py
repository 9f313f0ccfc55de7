"""What the services here are held against the laws with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bucket_storage import WebStorage
from right_services import AuditLog, FolderStorage, TokenAuthenticator
from web_store import WebStore

from flightstream import Credentials, Identity
from flightstream.testing import (
    AuthenticatorConformance,
    Logins,
    Observed,
    ObserverConformance,
    RemoteStorageConformance,
    StorageConformance,
    StoredFiles,
)

FILES = {"a.bin": bytes(range(256)) * 20, "deep/empty": b"", "deep/text.txt": b"one\ntwo\n"}


def bearer(token: str) -> Credentials:
    return Credentials({"authorization": (f"Bearer {token}",)}, peer="ipv4:127.0.0.1:1")


class AuthenticatorCase(AuthenticatorConformance):
    plugin = TokenAuthenticator
    options = {"token": "s3cr3t-t0ken"}

    @pytest.fixture
    def sample(self) -> Logins:
        ada = Identity("ada", {"analyst"}, {"team": "sales"})
        return Logins([(bearer("s3cr3t-t0ken"), ada)], [bearer("guess-t0ken")])


class StorageCase(StorageConformance):
    plugin = FolderStorage

    @pytest.fixture
    def sample(self, tmp_path: Path) -> StoredFiles:
        self.folder = tmp_path / "place"
        for name, content in FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return StoredFiles("kept://place", FILES, {"root": str(tmp_path)})

    def change(self, sample):
        (self.folder / "a.bin").write_bytes(b"changed")
        return {**sample.files, "a.bin": b"changed"}

    def remove(self, sample, name):
        (self.folder / name).unlink()


class RemoteStorageCase(RemoteStorageConformance):
    plugin = WebStorage
    impatient = {"retries": 0, "request_timeout_seconds": 1.0}
    patient = {"retries": 5}

    @pytest.fixture
    def sample(self) -> Iterator[StoredFiles]:
        self.store = WebStore()
        self.store.objects.update({f"bucket/lake/{name}": FILES[name] for name in FILES})
        yield StoredFiles("web://bucket/lake", FILES, {"endpoint": self.store.url})
        self.store.stop()

    def put(self, sample, name, content):
        self.store.objects[f"bucket/lake/{name}"] = content

    def remove(self, sample, name):
        del self.store.objects[f"bucket/lake/{name}"]


class ObserverCase(ObserverConformance):
    plugin = AuditLog

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Observed:
        log = tmp_path / "audit.jsonl"
        return Observed({"file": str(log)}, written=log.read_text)
