"""What is offered of one flight to all who have the same grant."""

import hashlib

import pyarrow as pa
from attrs import define, field

from flightstream.errors import FlightStreamError, NotFound
from flightstream.filters import Filter
from flightstream.models import Grant
from flightstream.serving.listing import Entry, Name
from flightstream.serving.view import View, bind_rows


@define(eq=False)
class Offer:
    """All of a plan that no command decides; the same for as long as the version is.

    Args:
        schema: The flight's whole schema.
        grant: What may be seen of it.
        view: The columns and masks of the grant.
        rows: The filters of the grant, bound.
        version: The digest that tickets carry.
        records: How many rows it has, or -1, once the adapter was asked.
    """

    schema: pa.Schema
    grant: Grant
    view: View
    rows: tuple[Filter, ...]
    version: str
    records: int | None = field(default=None, init=False)

    @classmethod
    def of(cls, entry: Entry, schema: pa.Schema, grant: Grant, asked: Name) -> "Offer":
        """Return what a grant shows of a flight.

        Args:
            entry: The flight.
            schema: Its whole schema.
            grant: What may be seen of it.
            asked: What the client calls it, for the message.

        Raises:
            NotFound: The grant's row filters do not fit the flight.
        """
        try:
            rows = bind_rows(schema, grant)
        except FlightStreamError:  # the lookup had another schema a moment ago
            path = shown(asked)
            raise NotFound(f"there is no flight {path!r}", flight=path) from None
        version = version_of(entry, schema, grant)
        return cls(schema, grant, View.of(schema, grant), rows, version)


def version_of(entry: Entry, schema: pa.Schema, grant: Grant) -> str:
    """Return a digest of all that decides what a ticket reads, alike on every replica."""
    digest = hashlib.sha256()
    columns = None if grant.columns is None else sorted(grant.columns)
    hidden = sorted(grant.hidden)
    masks = sorted((name, mask.fingerprint) for name, mask in grant.masks.items())
    granted = (columns, hidden, masks, grant.rows)
    plugin = entry.mount.plugin
    for part in (entry.flight.version, plugin.name, plugin.options, *granted):
        digest.update(repr(part).encode())
    digest.update(schema.serialize())
    return digest.hexdigest()[:16]


def shown(path: Name) -> str:
    """Return a path for messages; a client may have sent one of any length."""
    name = "/".join(path)
    return name if len(name) <= 200 else f"{name[:200]}…"
