"""What lies in a bucket, with the ETags that tell one content from another."""

from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any

import structlog
from attrs import define, field
from botocore.exceptions import BotoCoreError, ClientError

from flightstream import BucketPath, StoredObject, StoreFailure, is_usable_key
from flightstream_s3.failures import of_listing
from flightstream_s3.settings import Settings

log = structlog.get_logger(__name__)

ERRORS = (BotoCoreError, ClientError)


@define(eq=False)
class S3Objects:
    """Lists a bucket. Safe for many threads; connects when it is first asked.

    Args:
        settings: How the store is reached.
        place: What a source is of it.
    """

    settings: Settings
    place: BucketPath
    _session: Any = field(default=None, init=False)
    _client: Any = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def find(self, path: str) -> StoredObject | None:
        """Return an object, by one HEAD request."""
        bucket, _, key = path.partition("/")
        if not key:
            return None
        try:
            found = self.client().head_object(Bucket=bucket, Key=key)
        except ERRORS as exc:
            if _is_missing(exc):
                return None
            raise of_listing(exc).told() from None
        return StoredObject(path, found["ContentLength"], _version(found, found["ContentLength"]))

    def list_below(self, folder: str, *, deep: bool) -> Iterator[StoredObject]:
        """Yield the objects below a prefix, a request for each thousand of them.

        A prefix without objects is an empty folder: S3 knows no others.
        """
        bucket, _, key = folder.partition("/")
        prefix = {"Prefix": f"{key}/"} if key else {}
        level = {} if deep else {"Delimiter": "/"}
        try:
            pages = self.client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=bucket, **prefix, **level):
                for one in page.get("Contents", ()):
                    if one["Key"].endswith("/"):  # what other tools keep for a folder
                        continue
                    if not is_usable_key(one["Key"]):
                        log.warning("file_name_unusable", file=ascii(one["Key"])[1:-1])
                        continue
                    path = f"{bucket}/{one['Key']}"
                    yield StoredObject(path, one["Size"], _version(one, one["Size"]))
        except ERRORS as exc:
            raise of_listing(exc).told() from None

    def problem(self) -> StoreFailure | None:
        """Return why the place cannot be listed, after one attempt."""
        try:
            client = self._new_client(retries=0)
        except ERRORS as exc:
            return of_listing(exc)
        try:
            client.list_objects_v2(Bucket=self.place.bucket, Prefix=self.place.key, MaxKeys=1)
        except ERRORS as exc:
            return of_listing(exc)
        finally:
            client.close()
        return None

    def client(self) -> Any:
        """Return the client that all threads share."""
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def close(self) -> None:
        """Close all connections; they are opened again when needed."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _new_client(self, *, retries: int | None = None) -> Any:
        if self._session is None:
            self._session = self.settings.session()
        return self.settings.client(self._session, retries=retries)


def _is_missing(exc: Exception) -> bool:
    # An answer to HEAD has no body, so that is all there is to know.
    status = exc.response.get("ResponseMetadata") if isinstance(exc, ClientError) else None
    return status is not None and status.get("HTTPStatusCode") == 404


def _version(found: Mapping[str, Any], size: int) -> str:
    tag = str(found.get("ETag", "")).strip('"')
    # A few stores give none.
    return tag or f"{size:x}-{found['LastModified'].timestamp():.0f}"
