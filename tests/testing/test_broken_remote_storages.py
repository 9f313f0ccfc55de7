"""Storages of object stores that each break one law."""

import time
from contextlib import suppress
from typing import Any, ClassVar

import attrs
from bucket_storage import WebObjects, WebStorage
from service_cases import RemoteStorageCase

from flightstream import (
    ConfigError,
    FlightStreamError,
    Storage,
    Unavailable,
    hookimpl,
    ranged_filesystem,
    service,
)


class Opens(WebStorage):
    """Opens buckets as objects of another class."""

    objects: ClassVar[type[Any]] = WebObjects

    @hookimpl
    def open_storage(self, uri, options):
        opened = WebStorage.open_storage(self, uri, options)
        if opened is None:
            return None
        objects = self.objects(opened.objects.place, **options)
        return Storage(ranged_filesystem(objects), opened.path, objects)


class TestKeepsAllLawsSoFar(RemoteStorageCase):
    """What the others here are broken from."""

    @service
    class plugin(Opens):
        pass


class TestComparesNoVersions(RemoteStorageCase):
    breaks = {"test_a_file_replaced_while_it_is_read_is_stale": "and the scan ends with"}

    @service
    class plugin(Opens):
        class objects(WebObjects):
            def list_below(self, folder, *, deep):
                for found in super().list_below(folder, deep=deep):
                    yield attrs.evolve(found, version="1")

            def ask(self, path, retries, headers=()):
                return super().ask(path, retries, {**dict(headers), "If-Match": "*"})


KEPT: dict[str, Any] = {}


class TestFillsWithZeros(RemoteStorageCase):
    breaks = {
        "test_a_file_removed_while_it_is_read_is_stale": "and the scan ends with None",
        "test_a_fault_that_stays_ends_the_scan": "and the scan ends with None",
        "test_a_store_that_is_away_ends_the_scan": "and the scan ends with None",
    }

    @service
    class plugin(Opens):
        class objects(WebObjects):
            def find(self, path):
                with suppress(FlightStreamError, KeyError):
                    KEPT[path] = super().find(path) or KEPT[path]
                return KEPT.get(path)

            def read(self, stored, start, length):
                try:
                    return super().read(stored, start, length)
                except FlightStreamError:
                    return bytes(length)


class TestTriesOnce(RemoteStorageCase):
    breaks = {
        "test_a_fault_that_passes_is_not_noticed": "the scan ends with Unavailable",
        "test_a_scan_goes_on_when_the_store_comes_back": "the scan ends with Unavailable",
    }

    @service
    class plugin(Opens):
        class objects(WebObjects):
            def ask(self, path, retries, headers=()):
                return super().ask(path, 0, headers)


class TestWaits(RemoteStorageCase):
    breaks = {"test_a_silent_store_ends_the_scan_in_time": "still waits after 1 seconds"}
    patience_seconds = 1

    @service
    class plugin(Opens):
        class objects(WebObjects):
            def ask(self, path, retries, headers=()):
                try:
                    return super().ask(path, retries, headers)
                except Exception:
                    time.sleep(1.5)
                    raise


class TestInsistsOnItsStore(RemoteStorageCase):
    breaks = {"test_a_store_that_may_recover_stops_no_start": "the server does not start"}

    @service
    class plugin(Opens):
        @hookimpl
        def on_startup(self):
            for _uri, store in self._stores._opened:
                if store.problem() is not None:
                    raise ConfigError("the store is away")


class TestTellsWhatTheStoreSays(RemoteStorageCase):
    breaks = {"test_a_fault_that_stays_ends_the_scan": "what the store said is told"}

    @service
    class plugin(Opens):
        class objects(WebObjects):
            def read(self, stored, start, length):
                try:
                    return super().read(stored, start, length)
                except Unavailable:
                    raise Unavailable("the store said zz-t0ld") from None
