"""What lies in a bucket, with the ETags that tell one content from another."""

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING

import obstore
from attrs import define, field
from obstore.exceptions import BaseError

from flightstream import StoredObject
from flightstream_gcs.failures import Failure, of_listing
from flightstream_gcs.place import Place, is_usable
from flightstream_gcs.settings import Settings

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import GCSStore

ERRORS = (BaseError, OSError, ValueError)


@define(eq=False)
class GcsObjects:
    """Lists a bucket. Safe for many threads; connects when it is first asked."""

    settings: Settings
    bucket: str
    _store: "GCSStore | None" = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def find(self, path: str) -> StoredObject | None:
        """Return an object, by one HEAD request."""
        key = path.partition("/")[2]
        if not key or not is_usable(key):
            return None
        try:
            found = obstore.head(self.store(), key)
        except FileNotFoundError:
            return None
        except ERRORS as exc:
            raise of_listing(exc).told() from None
        return StoredObject(path, found["size"], _version(found))

    def list_below(self, folder: str, *, deep: bool) -> Iterator[StoredObject]:
        """Yield the objects below a prefix, a request for each thousand of them.

        A prefix without objects is an empty folder: the store knows no others.
        """
        prefix = folder.partition("/")[2] or None
        try:
            if deep:
                for page in obstore.list(self.store(), prefix=prefix, chunk_size=1000):
                    yield from self._files(page)
            else:
                level = obstore.list_with_delimiter(self.store(), prefix=prefix)
                yield from self._files(level["objects"])
        except ERRORS as exc:
            raise of_listing(exc).told() from None

    def problem(self, place: Place) -> Failure | None:
        """Return why a place cannot be listed, after one attempt."""
        try:
            store = self.settings.store(self.bucket, retries=False)
            for _ in obstore.list(store, prefix=place.key or None, chunk_size=1):
                break
        except ERRORS as exc:
            return of_listing(exc)
        return None

    def store(self) -> "GCSStore":
        """Return the store that all threads share."""
        with self._lock:
            if self._store is None:
                self._store = self.settings.store(self.bucket)
            return self._store

    def close(self) -> None:
        """Let go of all connections; they are opened again when needed."""
        with self._lock:
            self._store = None

    def _files(self, objects: "Sequence[ObjectMeta]") -> Iterator[StoredObject]:
        for one in objects:
            path = f"{self.bucket}/{one['path']}"
            # obstore takes the slash from what other tools keep for a folder, an empty
            # object `a/`: then there is none of that name.
            if one["size"] or self.find(path) is not None:
                yield StoredObject(path, one["size"], _version(one))


def _version(found: "ObjectMeta") -> str:
    tag = (found.get("e_tag") or "").strip('"')
    return tag or f"{found['size']:x}-{found['last_modified'].timestamp():.0f}"
