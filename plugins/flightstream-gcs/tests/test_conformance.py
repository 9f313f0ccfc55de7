"""The storage keeps the laws of every storage."""

from typing import Any, ClassVar

import pytest
from flightstream_gcs import GcsStorage

from flightstream.testing import RemoteStorageConformance, StoredFiles

pytest_plugins = ["flightstream.testing"]

FILES = {
    "a.bin": bytes(range(256)) * 40,
    "a b~#?&+%41.txt": b"odd",
    "deep/empty": b"",
    "deep/er/größe.txt": b"one\ntwo\n",
    "deeper.txt": b"beside",
}


class TestGcs(RemoteStorageConformance):
    plugin = GcsStorage
    impatient: ClassVar = {"retry_seconds": 1.0, "request_timeout_seconds": 1.0}
    patient: ClassVar = {"retry_seconds": 20.0}
    prefix = "lake/2024 ü/"

    @pytest.fixture
    def sample(self, bucket: Any) -> StoredFiles:
        self.bucket = bucket
        bucket.fill(FILES, self.prefix)
        bucket.put(f"{self.prefix}deep/", b"")  # what consoles make for a folder
        return StoredFiles(f"{bucket.uri}/{self.prefix}", FILES, bucket.store.options)

    def put(self, sample: StoredFiles, name: str, content: bytes) -> None:
        self.bucket.put(f"{self.prefix}{name}", content)

    def remove(self, sample: StoredFiles, name: str) -> None:
        self.bucket.remove(f"{self.prefix}{name}")
