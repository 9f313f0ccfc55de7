"""The flights of one source: listed by mount, kept for a while, with unique names."""

import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import TypeAlias

import attrs
import structlog
from attrs import define, field, frozen

from flightstream.errors import FlightStreamError
from flightstream.models import Flight, SourceStatus
from flightstream.registry import Mount
from flightstream.storage import File, FileSet, listed_once

log = structlog.get_logger(__name__)

Name: TypeAlias = tuple[str, ...]


@frozen(eq=False)
class Entry:
    """A flight under the name it is served by.

    Args:
        flight: As its adapter described it; its own name may be shorter.
        mount: The adapter and source it belongs to.
        name: Unique within the source.
        path: The source's name and the flight's.
    """

    flight: Flight
    mount: Mount
    name: Name
    path: Name = field(init=False)

    @path.default
    def _make_path(self) -> Name:
        return (self.mount.source.name, *self.name)

    def __str__(self) -> str:
        return "/".join(self.path)

    def is_current(self) -> bool:
        """Tell whether the data still is what was listed, as far as its origin can tell."""
        is_unchanged = getattr(self.flight.origin, "is_unchanged", None)
        if is_unchanged is None:
            return True
        with self.mount.plugin.border("list_flights", str(self)):
            return bool(is_unchanged())


@define(eq=False)
class SourceListing:
    """The flights of one source. The lock is held while its adapters list them."""

    name: str
    mounts: Sequence[Mount]
    _ttl_seconds: float
    _found: "_Found" = field(init=False)
    _listed_at: float | None = field(default=None, init=False)
    _took_seconds: float | None = field(default=None, init=False)
    _listing_since: float | None = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    @_found.default
    def _find_nothing(self) -> "_Found":
        return _Found.of([], failed=False)

    def entries(self) -> dict[Name, Entry]:
        """Return the flights by name, in order; what cannot be listed is left out.

        While another thread lists the source again, the listing before it serves.
        """
        if self._listed_at is None:
            self.refresh()
        elif self._is_due():
            self._list(wait=False)
        return self._found.by_name

    def below(self, prefix: Name) -> list[Entry]:
        """Return the flights whose names begin with a prefix, in order."""
        self.entries()
        ordered = self._found.ordered
        start = bisect_left(ordered, prefix, key=_name_of)
        end = bisect_right(ordered, prefix, start, key=lambda one: one.name[: len(prefix)])
        return ordered[start:end]

    def refresh(self) -> None:
        """List again, unless another thread has done so since this call was made."""
        self._list(wait=True)

    @property
    def failed(self) -> bool:
        """Whether an adapter could not list the source the last time."""
        return self._found.failed

    def status(self) -> SourceStatus:
        """Return what is known of the source, without waiting for anything."""
        listed_at, since, now = self._listed_at, self._listing_since, time.monotonic()
        return SourceStatus(
            name=self.name,
            adapters=tuple(mount.plugin.name for mount in self.mounts),
            flights=len(self._found.ordered),
            listed_seconds_ago=None if listed_at is None else now - listed_at,
            listing_seconds=self._took_seconds,
            failed=self._found.failed,
            is_due=self._is_due(),
            listing_since_seconds=None if since is None else now - since,
        )

    def _is_due(self) -> bool:
        listed_at = self._listed_at
        return listed_at is None or listed_at < time.monotonic() - self._ttl_seconds

    def find(self, name: Name) -> Entry | None:
        """Return one flight as it is now."""
        entries = self.entries()
        entry = entries.get(name)
        if entry is not None and not entry.is_current():
            self.refresh()
            entries = self._found.by_name
            entry = entries.get(name)
        entry = entry or self._find_unlisted(name)
        if entry is None and self._found.by_name is not entries:  # it has been listed meanwhile
            entry = self._found.by_name.get(name)
        return entry

    def bearers(self, name: Name) -> list[Entry]:
        """Return the flights that wanted a name and are served under longer ones."""
        return [] if name in self.entries() else self._found.renamed.get(name, [])

    def _find_unlisted(self, name: Name) -> Entry | None:
        if self.bearers(name):
            return None
        for mount in self.mounts:
            if (flight := mount.find_flight(name)) is not None:
                return Entry(flight, mount, name)
        return None

    def _list(self, *, wait: bool) -> None:
        asked = time.monotonic()
        if not self._lock.acquire(blocking=wait):
            return
        try:
            if self._listed_at is None or self._listed_at < asked:
                self._listing_since = began = time.monotonic()
                with listed_once():
                    self._found = self._list_mounts()
                self._took_seconds = time.monotonic() - began
                self._listed_at = began
        finally:
            self._listing_since = None
            self._lock.release()

    def _list_mounts(self) -> "_Found":
        entries: list[Entry] = []
        failed = False
        for mount in self.mounts:
            try:
                flights = mount.list_flights()
            except FlightStreamError as exc:
                failed = True
                log.warning(
                    "listing_failed",
                    source=self.name,
                    adapter=mount.plugin.name,
                    error=exc.message,
                )
            else:
                entries += [Entry(flight, mount, flight.name) for flight in flights]
        return _Found.of(sorted(with_unique_names(entries), key=_name_of), failed=failed)


@frozen(eq=False)
class _Found:
    """What the adapters of a source have found.

    Args:
        ordered: The flights by name.
        by_name: The same.
        renamed: Those that are served under longer names, by the names they wanted.
        failed: Whether an adapter could not list the source.
    """

    ordered: list[Entry]
    by_name: dict[Name, Entry]
    renamed: dict[Name, list[Entry]]
    failed: bool

    @classmethod
    def of(cls, ordered: list[Entry], *, failed: bool) -> "_Found":
        """Return what can be asked of flights that are in order."""
        renamed: dict[Name, list[Entry]] = {}
        for entry in ordered:
            if entry.name != entry.flight.name:
                renamed.setdefault(entry.flight.name, []).append(entry)
        return cls(ordered, {entry.name: entry for entry in ordered}, renamed, failed)


def with_unique_names(entries: Iterable[Entry]) -> list[Entry]:
    """Give longer names to the entries that want the same one.

    Those are their full names, ``orders.csv`` for ``orders``; where these are
    taken too, or there is none, the adapter's name is added. What still has
    the name of another then, an adapter has listed twice: it is left out.
    """
    named = list(entries)
    for rename in (_with_full_name, _with_adapter_name):
        while shared := _shared_names(named):
            renamed = [rename(entry) if entry.name in shared else entry for entry in named]
            if [entry.name for entry in renamed] == [entry.name for entry in named]:
                break
            named = renamed
    unique: dict[Name, Entry] = {}
    for entry in named:
        if unique.setdefault(entry.name, entry) is not entry:
            log.warning("flight_name_taken", flight=str(entry), adapter=entry.mount.plugin.name)
    return list(unique.values())


def _name_of(entry: Entry) -> Name:
    return entry.name


def _shared_names(entries: Iterable[Entry]) -> set[Name]:
    counts = Counter(entry.name for entry in entries)
    return {name for name, count in counts.items() if count > 1}


def _with_full_name(entry: Entry) -> Entry:
    flight = entry.flight
    if flight.full_name is not None:
        return attrs.evolve(entry, name=flight.full_name)
    origin = flight.origin
    if isinstance(origin, File | FileSet):
        whole = origin.name if isinstance(origin, File) else origin.full_name
        return attrs.evolve(entry, name=tuple(whole.split("/")))
    return entry


def _with_adapter_name(entry: Entry) -> Entry:
    suffix = f".{entry.mount.plugin.name}"
    if entry.name[-1].endswith(suffix):
        return entry
    return attrs.evolve(entry, name=(*entry.name[:-1], entry.name[-1] + suffix))
