"""What flights there are, over all sources."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from flightstream.models import Grant
from flightstream.recent import Recent
from flightstream.registry import Mount
from flightstream.serving.listing import Entry, Name, SourceListing
from flightstream.serving.offer import Offer

_MAX_SCHEMAS = 10_000


class Catalog:
    """The flights of all sources, and their schemas once these are known."""

    def __init__(self, mounts: Sequence[Mount], ttl_seconds: float) -> None:
        names = dict.fromkeys(mount.source.name for mount in mounts)
        self._sources = {
            name: SourceListing(
                name,
                [mount for mount in mounts if mount.source.name == name],
                ttl_seconds,
            )
            for name in names
        }
        self._schemas: Recent[pa.Schema] = Recent(_MAX_SCHEMAS)
        self._offers: Recent[Offer] = Recent(_MAX_SCHEMAS)

    @property
    def sources(self) -> list[SourceListing]:
        """The sources, in the order of the configuration."""
        return list(self._sources.values())

    def entries(self, prefix: Name = ()) -> Iterator[Entry]:
        """Yield the flights whose paths begin with a prefix, source by source, by name."""
        for source in self.sources:
            if not prefix or source.name == prefix[0]:
                yield from source.below(prefix[1:])

    def readings(self, path: Name) -> list[Name]:
        """Return the full paths that a path can mean, the likeliest first.

        A path that begins with a source's name means that; any path can also
        be a name in each source.
        """
        whole = [path] if len(path) > 1 and path[0] in self._sources else []
        return whole + [(source, *path) for source in self._sources]

    def find(self, path: Name) -> Entry | None:
        """Return the flight at a full path."""
        return self._sources[path[0]].find(path[1:])

    def bearers(self, path: Name) -> list[Entry]:
        """Return the flights that are not served at a full path only because they share it."""
        return self._sources[path[0]].bearers(path[1:])

    def failed(self, path: Name) -> bool:
        """Tell whether a flight could be missing because its source was not listed."""
        return self._sources[path[0]].failed

    def refresh(self) -> None:
        """List every source again."""
        for source in self.sources:
            source.refresh()

    def refresh_source(self, name: str) -> None:
        """List one source again; none, if no adapter reads it."""
        if name in self._sources:
            self._sources[name].refresh()

    def get_schema(self, entry: Entry) -> pa.Schema:
        """Return a flight's schema; the adapter is asked once for each version."""
        known = self.known_schema(entry)
        if known is None:
            known = entry.mount.get_schema(entry.flight)
            if entry.flight.version:  # without one, nobody knows how long it holds
                self._schemas.keep(_key(entry), known)
        return known

    def known_schema(self, entry: Entry) -> pa.Schema | None:
        """Return a flight's schema if it is known at this version."""
        return entry.flight.schema or self._schemas.known(_key(entry))

    def offer(self, entry: Entry, schema: pa.Schema, grant: Grant, asked: Name) -> Offer:
        """Return what a grant shows of a flight; it is made once for each version.

        Raises:
            NotFound: See :meth:`Offer.of`.
        """
        key = (_key(entry), grant)
        offer = self._offers.known(key)
        if offer is None or offer.schema is not schema:
            offer = Offer.of(entry, schema, grant, asked)
            if entry.flight.version:
                self._offers.keep(key, offer)
        return offer


def _key(entry: Entry) -> tuple[int, Name, str]:
    return id(entry.mount), entry.flight.name, entry.flight.version
