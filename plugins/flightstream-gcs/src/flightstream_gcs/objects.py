"""What lies in a bucket, by generations, which tell one content from another."""

from collections.abc import Iterator
from threading import Lock
from typing import Any

import structlog
from attrs import define, field
from google.cloud.storage import Blob, Client

from flightstream import BucketPath, StoredObject, StoreFailure, is_usable_key
from flightstream_gcs.failures import ERRORS, failure_of, is_missing
from flightstream_gcs.settings import Settings

log = structlog.get_logger(__name__)

_FIELDS = "items(name,size,generation),prefixes,nextPageToken"


@define(eq=False)
class GcsObjects:
    """Lists and reads a bucket. Safe for many threads; connects when it is first asked.

    Args:
        settings: How the store is reached.
        place: What a source is of it.
    """

    settings: Settings
    place: BucketPath
    _client: Client | None = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def find(self, path: str) -> StoredObject | None:
        """Return an object, by one request."""
        bucket, _, key = path.partition("/")
        if not key or not is_usable_key(key):
            return None
        try:
            found = self.client().bucket(bucket).get_blob(key, **self._limits)
        except ERRORS as exc:
            raise failure_of(exc).told() from None
        return None if found is None else _stored(path, found)

    def list_below(self, folder: str, *, deep: bool) -> Iterator[StoredObject]:
        """Yield the objects below a prefix, a request for each thousand of them.

        A prefix without objects is an empty folder: the store knows no others.
        """
        bucket, _, key = folder.partition("/")
        try:
            listed = self.client().list_blobs(
                bucket,
                prefix=f"{key}/" if key else None,
                delimiter=None if deep else "/",
                fields=_FIELDS,
                **self._limits,
            )
            for one in listed:
                if one.name.endswith("/"):  # what other tools keep for a folder
                    continue
                if not is_usable_key(one.name):
                    log.warning("file_name_unusable", file=ascii(one.name)[1:-1])
                    continue
                yield _stored(f"{bucket}/{one.name}", one)
        except ERRORS as exc:
            raise failure_of(exc).told() from None

    def read(self, stored: StoredObject, start: int, length: int) -> bytes:
        """Return bytes of an object, of this generation alone, by one request."""
        bucket, _, key = stored.path.partition("/")
        try:
            blob = Blob(key, self.client().bucket(bucket), generation=int(stored.version))
            content: bytes = blob.download_as_bytes(
                start=start,
                end=start + length - 1,
                raw_download=True,  # as it lies there, also where it is served as another type
                checksum=None,  # there is none of a range
                **self._limits,
            )
        except ERRORS as exc:
            if is_missing(exc):
                raise StoreFailure.CHANGED.told() from None
            raise failure_of(exc).told() from None
        return content

    def problem(self) -> StoreFailure | None:
        """Return why the place cannot be listed, after one attempt."""
        limits = {**self._limits, "retry": None}
        try:
            client = self.settings.client()
        except ERRORS as exc:
            return failure_of(exc)
        try:
            prefix = self.place.key or None
            next(iter(client.list_blobs(self.place.bucket, prefix=prefix, max_results=1, **limits)))
        except StopIteration:
            return None
        except ERRORS as exc:
            return failure_of(exc)
        finally:
            client.close()
        return None

    def client(self) -> Client:
        """Return the client that all threads share."""
        with self._lock:
            if self._client is None:
                self._client = self.settings.client()
            return self._client

    def close(self) -> None:
        """Close all connections; they are opened again when needed."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @property
    def _limits(self) -> dict[str, Any]:
        timeout = self.settings.request_timeout_seconds
        return {"timeout": (timeout, timeout), "retry": self.settings.retry}


def _stored(path: str, found: Blob) -> StoredObject:
    return StoredObject(path, found.size, str(found.generation))
