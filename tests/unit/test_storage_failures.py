from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs as pafs
import pytest
from attrs import define

from flightstream import PermissionDenied, Source, StoredObject
from flightstream.storage import Failures
from flightstream.storage.objects import LocalObjects


@define
class Listed(LocalObjects):
    """Takes a folder for a file."""

    folder: Path

    def list_below(self, folder: str, *, deep: bool) -> Iterator[StoredObject]:
        yield StoredObject(str(self.folder), 1, "v")


def test_file_that_cannot_be_opened_is_what_the_storage_says(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    failures = Failures(lambda exc: PermissionDenied("the key may not read"))
    objects = Listed(tmp_path / "a.csv")
    source = Source("s", pafs.LocalFileSystem(), str(tmp_path), objects, failures=failures)

    with pytest.raises(PermissionDenied, match="the key may not read"):
        next(source.files("**")).open()


def test_source_that_cannot_be_listed_is_what_the_storage_says(tmp_path: Path) -> None:
    failures = Failures(lambda exc: PermissionDenied("the key may not list"))
    source = Source("s", pafs.LocalFileSystem(), str(tmp_path / "no"), failures=failures)

    with pytest.raises(PermissionDenied, match="the key may not list"):
        list(source.files("**"))
