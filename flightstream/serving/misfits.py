"""What grants ask of flights that these cannot have: told to the operator, once."""

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import TypeAlias

import pyarrow as pa
import structlog
from attrs import define, field

from flightstream.errors import FlightStreamError
from flightstream.filters.parse import parse
from flightstream.filters.syntax import Name, operands
from flightstream.models import Grant
from flightstream.serving.listing import Entry
from flightstream.serving.view import bind_rows

log = structlog.get_logger(__name__)

_MAX_ANSWERS = 10_000
_Key: TypeAlias = tuple[tuple[str, ...], str, bytes]


@define(eq=False)
class Misfits:
    """Tells which grants fit which flights. Guarded by a lock."""

    _answers: OrderedDict[_Key, bool] = field(factory=OrderedDict, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def rows_fit(self, entry: Entry, schema: pa.Schema, grant: Grant) -> bool:
        """Tell whether the row filters of a grant can be asked of a flight."""
        if not grant.rows:
            return True
        key = _key(entry, *grant.rows)
        known = self._recall(key)
        if known is not None and entry.flight.version:  # without one it may have changed
            return known
        try:
            bind_rows(schema, grant)
        except FlightStreamError:
            if known is not False:
                _tell(entry, schema, grant)
            self._keep(key, fits=False)
            return False
        self._keep(key, fits=True)
        return True

    def look_at_masks(self, entry: Entry, schema: pa.Schema, grant: Grant) -> None:
        """Warn of masks that do not fit their columns, which are hidden then."""
        if not grant.masks:
            return
        for name in filter(grant.shows, grant.masks.keys() & set(schema.names)):
            mask, stored = grant.masks[name], schema.field(name)
            key = _key(entry, name, mask.kind)
            if mask.masked_field(stored) is None and self._recall(key) is None:
                self._keep(key, fits=False)
                log.warning(
                    "mask_does_not_fit",
                    flight=str(entry),
                    column=name,
                    mask=mask.kind,
                    type=str(stored.type),
                )

    def _recall(self, key: _Key) -> bool | None:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def _keep(self, key: _Key, *, fits: bool) -> None:
        with self._lock:
            self._answers[key] = fits
            if len(self._answers) > _MAX_ANSWERS:
                self._answers.popitem(last=False)


def _tell(entry: Entry, schema: pa.Schema, grant: Grant) -> None:
    """Log what a row filter asks for, and what there is; its values may be claims of somebody."""
    try:
        found = {one for rows in grant.rows for one in operands(parse(rows))}
    except FlightStreamError:
        log.error("row_grant_does_not_fit", flight=str(entry), problem="it is no filter")
        return
    named = sorted(one.text for one in found if isinstance(one, Name))
    log.error(
        "row_grant_does_not_fit",
        flight=str(entry),
        missing=[name for name in named if name not in schema.names],
        types={name: str(schema.field(name).type) for name in named if name in schema.names},
    )


def _key(entry: Entry, *words: str) -> _Key:
    # A row filter may be long, and may hold what somebody may not know.
    digest = hashlib.blake2b(repr(words).encode("utf-8", "surrogatepass"), digest_size=16)
    return entry.path, entry.flight.version, digest.digest()
