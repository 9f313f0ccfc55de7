"""Storages that each break one law."""

import threading
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.fs as pafs
from handled import Handler
from right_services import FolderStorage
from service_cases import StorageCase

from flightstream import ConfigError, Storage, StoredObject, hookimpl, service

SERIAL = count()


class Lists:
    """Lists local files, changed by ``changed``."""

    def find(self, path):
        return self.changed(path) if Path(path).is_file() else None

    def list_below(self, folder, *, deep):
        if not Path(folder).is_dir():
            raise FileNotFoundError(folder)
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                yield self.changed(str(path))

    def changed(self, path):
        content = Path(path).read_bytes()
        return StoredObject(path, len(content), content.hex())


class ListsItself(FolderStorage):
    """Opens local folders, with a listing and a filesystem of its own."""

    objects = Lists()
    handler = Handler()

    def opened(self, uri, options):
        path = str(Path(options["root"], self.path(uri)))
        return Storage(pafs.PyFileSystem(self.handler), path, self.objects)


class TestKeepsAllLawsSoFar(StorageCase):
    """What the others here are broken from."""

    @service
    class plugin(ListsItself):
        pass


class TestForgetsAFile(StorageCase):
    breaks = {"test_every_file_is_listed": "listed are"}

    @service
    class plugin(ListsItself):
        class objects(Lists):
            def list_below(self, folder, *, deep):
                return list(super().list_below(folder, deep=deep))[1:]

        objects = objects()


class TestMeasuresInBlocks(StorageCase):
    breaks = {"test_sizes_are_right": "has 5120 bytes, listed with 8192"}

    @service
    class plugin(ListsItself):
        class objects(Lists):
            def changed(self, path):
                found = super().changed(path)
                return attrs.evolve(found, size=-(-found.size // 4096) * 4096)

        objects = objects()


class Translates(Handler):
    def open_input_file(self, path):
        content = Path(path).read_bytes().replace(b"\n", b"\r\n")
        return pa.PythonFile(pa.BufferReader(content), "r")


class TestTranslatesLineEnds(StorageCase):
    breaks = {
        "test_contents_are_right": "has another content",
        "test_a_file_can_be_a_source": "gives another content",
        "test_files_are_served": "over the wire has another content",
    }

    @service
    class plugin(ListsItself):
        handler = Translates()


class Skips(Handler):
    def open_input_file(self, path):
        class File:
            def __init__(self):
                self.file = open(path, "rb")
                self.closed = False

            def seek(self, position, whence=0):
                return self.file.seek(position and position + 1, whence)

            def __getattr__(self, name):
                return getattr(self.file, name)

        return pa.PythonFile(File(), "r")


class TestSeeksPastTheMark(StorageCase):
    breaks = {"test_any_part_is_read": "bytes of"}

    @service
    class plugin(ListsItself):
        handler = Skips()


class TestListsTheTopAlone(StorageCase):
    breaks = {"test_a_pattern_chooses": "deep/** finds []"}

    @service
    class plugin(ListsItself):
        class objects(Lists):
            def list_below(self, folder, *, deep):
                below = super().list_below(folder, deep=deep)
                return [one for one in below if "/deep/" not in one.path]

        objects = objects()


class TestNumbersVersions(StorageCase):
    breaks = {
        "test_listing_is_repeatable": "listed again, files have other versions",
        "test_files_stay_unchanged": "is said to have changed",
    }

    @service
    class plugin(ListsItself):
        class objects(Lists):
            def changed(self, path):
                return attrs.evolve(super().changed(path), version=str(next(SERIAL)))

        objects = objects()


class TestNoticesNoChange(StorageCase):
    breaks = {"test_changed_files_are_noticed": "and is_unchanged() says no"}

    @service
    class plugin(ListsItself):
        class objects(Lists):
            def changed(self, path):
                return attrs.evolve(super().changed(path), version="1")

        objects = objects()


class Denies(Handler):
    def open_input_file(self, path):
        if not Path(path).exists():
            raise PermissionError(path)
        return Handler.open_input_file(self, path)


class TestSaysDeniedForGone(StorageCase):
    breaks = {
        "test_a_file_that_is_gone_is_not_found": "is gone, and gives Unavailable",
        "test_a_path_that_is_not_there_is_not_found": "FileNotFoundError becomes NotFound",
    }

    @service
    class plugin(ListsItself):
        handler = Denies()


class TestClaimsEveryScheme(StorageCase):
    breaks = {"test_other_schemes_are_left_to_others": "return None"}

    @service
    class plugin(ListsItself):
        @hookimpl
        def open_storage(self, uri, options):
            return FolderStorage.open_storage(self, uri, options) or self.refused(uri)

        def refused(self, uri):
            raise ConfigError(f"{uri} is not like kept://folder")


class TestBreaksAtOddUris(StorageCase):
    breaks = {"test_malformed_uris_are_refused": "open_storage breaks at kept://"}

    @service
    class plugin(ListsItself):
        def path(self, uri):
            return next(part for part in uri.removeprefix("kept://").split("/") if part)


class TestTellsPasswords(StorageCase):
    breaks = {"test_passwords_in_uris_are_not_told": "a password is told"}

    @service
    class plugin(ListsItself):
        def path(self, uri):
            if "@" in uri:
                raise ConfigError(f"the URI {uri} has a user in it")
            return ListsItself.path(self, uri)


class KnowsItsThread(Handler):
    """Reads nothing on any thread but the main one."""

    def open_input_file(self, path):
        if threading.current_thread() is threading.main_thread():
            return Handler.open_input_file(self, path)
        return pa.PythonFile(BytesIO(b""), "r")


class TestReadsOnOneThread(StorageCase):
    breaks = {"test_sixteen_threads_read": "is mixed up by threads"}

    @service
    class plugin(ListsItself):
        handler = KnowsItsThread()


KEPT: list[Any] = []


class Keeps(Handler):
    def open_input_file(self, path):
        KEPT.append(open(path, "rb"))
        return Handler.open_input_file(self, path)


class TestKeepsFilesOpen(StorageCase):
    breaks = {"test_reading_closes_everything": "still open"}

    @service
    class plugin(ListsItself):
        handler = Keeps()

        @hookimpl
        def on_shutdown(self):
            while KEPT:
                KEPT.pop().close()
