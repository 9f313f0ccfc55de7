"""What lies in a container, by ETags, which tell one content from another."""

from collections.abc import Iterator, Mapping
from threading import Lock

import structlog
from attrs import define, field
from azure.core import MatchConditions
from azure.storage.blob import BlobClient, BlobPrefix, BlobProperties, BlobServiceClient

from flightstream import FlightStreamError, StoredObject, StoreFailure, is_usable_key
from flightstream_azure.failures import ERRORS, failure_of, is_missing
from flightstream_azure.login import Login
from flightstream_azure.place import Place, has_usable_parts
from flightstream_azure.settings import Settings

log = structlog.get_logger(__name__)


@define(eq=False)
class AzureObjects:
    """Lists and reads a container. Safe for many threads; connects when it is first asked.

    Args:
        settings: How the account is reached.
        place: What a source is of it.
    """

    settings: Settings
    place: Place
    _client: BlobServiceClient | None = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def find(self, path: str) -> StoredObject | None:
        """Return a blob, by one request."""
        key = path.partition("/")[2]
        if not key or not is_usable_key(key) or not has_usable_parts(key):
            return None
        try:
            found = self._blob(path).get_blob_properties()
        except ERRORS as exc:
            if is_missing(exc):
                return None
            raise self._told(exc) from None
        return None if _is_folder(found) else _stored(path, found)

    def list_below(self, folder: str, *, deep: bool) -> Iterator[StoredObject]:
        """Yield the blobs below a prefix, a request for each 5,000 of them.

        A prefix without blobs is an empty folder: most accounts know no others.
        """
        container, _, key = folder.partition("/")
        prefix = f"{key}/" if key else None
        try:
            within = self.client().get_container_client(container)
            list_blobs = within.list_blobs if deep else within.walk_blobs
            for one in list_blobs(name_starts_with=prefix, include=["metadata"]):
                if isinstance(one, BlobPrefix) or _is_folder(one):
                    continue
                if not is_usable_key(one.name) or not has_usable_parts(one.name):
                    log.warning("file_name_unusable", file=ascii(one.name)[1:-1])
                    continue
                yield _stored(f"{container}/{one.name}", one)
        except ERRORS as exc:
            raise self._told(exc) from None

    def read(self, stored: StoredObject, start: int, length: int) -> bytes:
        """Return bytes of a blob, of this content alone."""
        try:
            content: bytes = (
                self._blob(stored.path)
                .download_blob(
                    start,
                    length,
                    etag=f'"{stored.version}"',
                    match_condition=MatchConditions.IfNotModified,
                    max_concurrency=1,
                    decompress=False,  # as it lies there
                )
                .readall()
            )
        except ERRORS as exc:
            if is_missing(exc):
                raise StoreFailure.CHANGED.told() from None
            raise self._told(exc) from None
        return content

    def problem(self) -> StoreFailure | None:
        """Return why the place cannot be listed, after one attempt."""
        place = self.place.inside
        try:
            client = self.settings.client(retries=0)
        except ERRORS as exc:
            return failure_of(exc, self.settings.refused)
        try:
            within = client.get_container_client(place.bucket)
            found = within.list_blobs(name_starts_with=place.key or None, results_per_page=1)
            next(found.by_page(), None)
        except ERRORS as exc:
            return failure_of(exc, self.settings.refused)
        finally:
            _close(client)
        return None

    def client(self) -> BlobServiceClient:
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
            _close(client)

    def _blob(self, path: str) -> BlobClient:
        container, _, key = path.partition("/")
        return self.client().get_blob_client(container, key)

    def _told(self, exc: BaseException) -> FlightStreamError:
        return failure_of(exc, self.settings.refused).told()


def _close(client: BlobServiceClient) -> None:
    client.close()
    if isinstance(client.credential, Login):
        client.credential.close()


def _is_folder(found: BlobProperties) -> bool:
    """Tell whether it is what other tools keep for a folder, or an account with folders does."""
    metadata: Mapping[str, str] = found.metadata or {}
    return found.name.endswith("/") or any(
        name.lower() == "hdi_isfolder" and value.lower() == "true"
        for name, value in metadata.items()
    )


def _stored(path: str, found: BlobProperties) -> StoredObject:
    # Answers have it in quotes, lists do not.
    return StoredObject(path, found.size, found.etag.strip('"'))
