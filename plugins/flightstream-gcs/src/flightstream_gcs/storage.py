"""The storage: its options, and the hooks that open ``gs://`` and look whether it can be read."""

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field

from flightstream import (
    BucketPath,
    OpenedStores,
    Secret,
    Storage,
    hookimpl,
    is_endpoint,
    option,
    ranged_filesystem,
    service,
)
from flightstream_gcs.objects import GcsObjects
from flightstream_gcs.settings import Settings

SCHEME = "gs://"


@service
class GcsStorage:
    """Opens ``gs://bucket/prefix`` in Google Cloud Storage."""

    hooks_version: ClassVar[str] = "1.0"

    endpoint: str | None = option(
        None,
        help="Where the store is, such as http://localhost:4443; by default"
        " STORAGE_EMULATOR_HOST or Google's.",
        validator=is_endpoint,
    )
    anonymous: bool = option(
        False,
        help="Whether to read a public bucket, without any credentials.",
    )
    credentials: Secret | None = option(
        None,
        help="The key of a service account, as JSON; by default credentials come from the"
        " environment, as for Google's own tools.",
    )
    retry_seconds: float = option(
        20.0,
        help="How long requests that fail are sent again.",
        minimum=1,
        maximum=3600,
    )
    request_timeout_seconds: float = option(
        20.0, help="How long the store may be silent.", minimum=0.1, maximum=3600
    )

    _stores: OpenedStores = field(factory=OpenedStores, init=False)

    @hookimpl
    def open_storage(self, uri: str, options: Mapping[str, Any]) -> Storage | None:
        """Open a bucket or a part of it; no request is sent yet.

        Raises:
            ConfigError: The URI is malformed, or the credentials are none.
        """
        if not uri.startswith(SCHEME):
            return None
        place = BucketPath.parse(uri, "set the option credentials")
        objects = GcsObjects(Settings.of(options), place)
        self._stores.add(uri, objects)
        return Storage(ranged_filesystem(objects), place.path, objects)

    @hookimpl
    def on_startup(self) -> None:
        """Look whether every place can be listed.

        Raises:
            ConfigError: A place never can be as it is configured.
        """
        self._stores.check()

    @hookimpl
    def on_shutdown(self) -> None:
        """Close the connections."""
        self._stores.close()
