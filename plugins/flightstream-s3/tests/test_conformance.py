"""The S3 storage keeps the laws of every storage."""

from collections.abc import Mapping
from typing import Any

import pytest
from flightstream_s3 import S3Storage

from flightstream.testing import StorageConformance, StoredFiles

pytest_plugins = ["flightstream.testing"]

FILES = {
    "a.bin": bytes(range(256)) * 40,
    "a b~#?&+%41.txt": b"odd",
    "deep/empty": b"",
    "deep/er/größe.txt": b"one\ntwo\n",
    "deeper.txt": b"beside",
}


class TestS3(StorageConformance):
    plugin = S3Storage
    prefix = "lake/2024 ü/"

    @pytest.fixture
    def sample(self, bucket: Any) -> StoredFiles:
        self.bucket = bucket
        bucket.fill(FILES, self.prefix)
        bucket.put(f"{self.prefix}deep/", b"")  # what consoles make for a folder
        return StoredFiles(f"{bucket.uri}/{self.prefix}", FILES, bucket.store.options)

    def change(self, sample: StoredFiles) -> Mapping[str, bytes]:
        changed = {**sample.files, "a.bin": bytes(reversed(sample.files["a.bin"]))}
        self.bucket.put(f"{self.prefix}a.bin", changed["a.bin"])
        return changed

    def remove(self, sample: StoredFiles, name: str) -> None:
        self.bucket.remove(f"{self.prefix}{name}")
