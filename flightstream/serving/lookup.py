"""From a name that a client uses to a flight that the client may see."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import structlog
from attrs import define, field

from flightstream.errors import (
    FlightStreamError,
    InvalidCommand,
    InvalidData,
    NotFound,
    Unavailable,
)
from flightstream.models import Grant, Identity, Operation
from flightstream.serving.access import Access, conceal
from flightstream.serving.catalog import Catalog
from flightstream.serving.listing import Entry, Name
from flightstream.serving.misfits import Misfits
from flightstream.serving.offer import Offer, shown

log = structlog.get_logger(__name__)


@define(eq=False)
class Lookup:
    """The catalog, as far as an identity may see it."""

    catalog: Catalog
    access: Access
    _misfits: Misfits = field(factory=Misfits, init=False)

    def visible(self, identity: Identity, prefix: Name = ()) -> Iterator[tuple[Entry, Grant]]:
        """Yield the flights whose paths begin with a prefix."""
        for entry in self.catalog.entries(prefix):
            grant = self._listing_grant(identity, entry)
            if grant is not None:
                yield entry, grant

    def find(self, identity: Identity, path: Name, operation: Operation) -> tuple[Entry, Grant]:
        """Return the one flight that a path means.

        Args:
            identity: Who asks.
            path: With its source, or without where only one visible flight
                has the name.
            operation: What for.

        Raises:
            NotFound: There is none, or none that may be seen.
            InvalidCommand: There are several.
            Unavailable: A source in which it could be does not answer.
        """
        found: list[tuple[Entry, Grant]] = []
        unlisted = False
        failure: FlightStreamError | None = None
        for reading in self.catalog.readings(path):
            grant = self.access.grant(identity, reading, operation)
            if grant is None:  # decided before the source is touched
                continue
            if bearers := self._visible_bearers(identity, reading):
                raise _ambiguous(path, bearers)
            try:
                entry = self.catalog.find(reading)
            except FlightStreamError as exc:  # another source may have it all the same
                failure = failure or exc
                continue
            if entry is not None and not self._fits(entry, grant):
                entry = None
            unlisted = unlisted or (entry is None and self.catalog.failed(reading))
            if entry is not None:
                found.append((entry, grant))
                if reading == path:
                    break
        if len(found) > 1:
            raise _ambiguous(path, (entry for entry, _grant in found))
        if not found and failure is not None:
            raise failure
        if not found and unlisted:
            raise Unavailable(f"the flight {shown(path)!r} is in a source that does not answer now")
        if not found:
            raise NotFound(f"there is no flight {shown(path)!r}")
        return found[0]

    def offer(self, entry: Entry, grant: Grant, asked: Name) -> Offer:
        """Return what a grant shows of a flight.

        Args:
            entry: The flight.
            grant: What may be seen of it.
            asked: What the client calls it.

        Raises:
            InvalidData: It has no schema; why, only those are told who may see all.
            NotFound: The grant does not fit it any more.
        """
        return self.catalog.offer(entry, self._schema(entry, grant), grant, asked)

    def _schema(self, entry: Entry, grant: Grant) -> pa.Schema:
        try:
            schema = self.catalog.get_schema(entry)
        except InvalidData as exc:
            if grant == Grant():
                raise
            log.warning("schema_not_read", flight=str(entry), error=exc.message)
            raise conceal(exc) from exc
        self._misfits.look_at_masks(entry, schema, grant)
        return schema

    def _listing_grant(self, identity: Identity, entry: Entry) -> Grant | None:
        """Return what may be listed of a flight, as far as that is known without reading it."""
        grant = self.access.grant(identity, entry.path, "list")
        schema = self.catalog.known_schema(entry)
        if grant is None or schema is None or self._misfits.rows_fit(entry, schema, grant):
            return grant
        return None

    def _fits(self, entry: Entry, grant: Grant) -> bool:
        try:
            return not grant.rows or self._misfits.rows_fit(
                entry, self.catalog.get_schema(entry), grant
            )
        except FlightStreamError:  # whoever needs the schema is told of it
            return True

    def _visible_bearers(self, identity: Identity, path: Name) -> list[Entry]:
        bearers = self.catalog.bearers(path)
        return [entry for entry in bearers if self._listing_grant(identity, entry)]


def _ambiguous(path: Name, entries: Iterable[Entry]) -> InvalidCommand:
    paths = " or ".join(repr(str(entry)) for entry in entries)
    return InvalidCommand(f"the name {shown(path)!r} is not unique: ask for {paths}")
