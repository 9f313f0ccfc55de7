"""The storage keeps the laws of every storage."""

from typing import Any, ClassVar

import pytest
from flightstream_azure import AzureStorage

from flightstream.testing import RemoteStorageConformance, StoredFiles

pytest_plugins = ["flightstream.testing"]

FILES = {
    "a.bin": bytes(range(256)) * 40,
    "a b~#?&+%41.txt": b"odd",
    "deep/empty": b"",
    "deep/er/größe.txt": b"one\ntwo\n",
    "deeper.txt": b"beside",
}


class TestAzure(RemoteStorageConformance):
    plugin = AzureStorage
    impatient: ClassVar = {"retries": 0, "request_timeout_seconds": 1.0}
    patient: ClassVar = {"retries": 4}
    prefix = "lake/2024 ü/"

    @pytest.fixture
    def sample(self, container: Any) -> StoredFiles:
        self.container = container
        container.fill(FILES, self.prefix)
        container.put(f"{self.prefix}deep/", b"")  # what consoles make for a folder
        # What an account with folders lists for one.
        container.put(f"{self.prefix}deep", b"", metadata={"hdi_isfolder": "true"})
        return StoredFiles(f"{container.uri}/{self.prefix}", FILES, container.store.options)

    def put(self, sample: StoredFiles, name: str, content: bytes) -> None:
        self.container.put(f"{self.prefix}{name}", content)

    def remove(self, sample: StoredFiles, name: str) -> None:
        self.container.remove(f"{self.prefix}{name}")
