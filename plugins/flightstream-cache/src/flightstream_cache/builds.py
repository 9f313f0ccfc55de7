"""The flights that are being read and written now."""

import time
from collections.abc import Callable, Generator
from threading import RLock
from typing import TypeAlias

import pyarrow as pa
import structlog
from attrs import define, evolve, field

from flightstream import Flight, ScanCounts, ScanRequest
from flightstream_cache.build import Build, NoRoom
from flightstream_cache.folder import Folder
from flightstream_cache.wanted import Wanted

Read: TypeAlias = Callable[[ScanRequest], Generator[pa.RecordBatch]]

log = structlog.get_logger(__name__)

# When what could not be written, on a full disk for example, is tried again.
_REST_SECONDS = 600.0
_MAX_GIVEN_UP = 10_000


@define(eq=False)
class Builds:
    """One build for each name at most, which ends when its last reader has left.

    Guarded by a lock, an RLock, for a stream that is collected leaves on any thread.
    """

    folder: Folder
    _running: dict[str, Build] = field(factory=dict, init=False)
    _readers: dict[Build, int] = field(factory=dict, init=False)
    _given_up: dict[str, float] = field(factory=dict, init=False)
    _lock: RLock = field(factory=RLock, init=False)

    def join(self, wanted: Wanted, flight: Flight, read: Read) -> tuple[Build, bool] | None:
        """Return the build of what is wanted, to be left again, and whether it is a new one.

        ``None``: it is not to be written now, or another process does that.
        """
        key = wanted.key
        if key is None or not wanted.is_whole:
            return None
        with self._lock:
            build = self._running.get(key)
            is_new = build is None or build.is_over
            if is_new:
                build = None if self._rests(key) else self._begin(key, wanted, flight, read)
            if build is None:
                return None
            self._readers[build] = self._readers.get(build, 0) + 1
        return build, is_new

    def leave(self, build: Build) -> None:
        """Count a reader out."""
        with self._lock:
            self._readers[build] -= 1
            if build.given_up is not None:
                self._rest(build)
            if self._readers[build]:
                return
            del self._readers[build]
            if self._running.get(build.key) is build:
                del self._running[build.key]
        build.close()

    def _begin(self, key: str, wanted: Wanted, flight: Flight, read: Read) -> Build | None:
        try:
            part = self.folder.claim(key)
        except OSError as exc:
            log.warning("cache_not_kept", flight=wanted.flight, reason=exc.strerror)
            return None
        if part is None:
            return None
        counts = ScanCounts()
        request = evolve(wanted.request, counts=counts)
        build = self._running[key] = Build(
            folder=self.folder,
            key=key,
            flight=wanted.flight,
            version=wanted.version,
            columns=request.columns,
            is_part=request.partition is not None,
            source=read(request),
            counts=counts,
            is_unchanged=_unchanged(flight),
            part=part,
        )
        return build

    def _rests(self, key: str) -> bool:
        running = self._running.get(key)
        if running is not None and running.given_up is not None:
            self._rest(running)
        return self._given_up.get(key, 0.0) > time.monotonic()

    def _rest(self, build: Build) -> None:
        for_good = isinstance(build.given_up, NoRoom)
        if len(self._given_up) >= _MAX_GIVEN_UP:
            self._given_up.clear()
        self._given_up[build.key] = float("inf") if for_good else time.monotonic() + _REST_SECONDS


def _unchanged(flight: Flight) -> Callable[[], bool]:
    """Return what tells whether a flight's data still is what was listed."""

    def is_unchanged() -> bool:
        ask = getattr(flight.origin, "is_unchanged", None)
        try:
            return ask is None or bool(ask())
        except Exception:  # the adapter's own code, asked for no stream's sake
            log.warning("cache_not_kept", flight="/".join(flight.name), exc_info=True)
            return False

    return is_unchanged
