"""The storage: its options, and the hooks that open ``s3://`` and look whether it can be read."""

import logging
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
    service,
)
from flightstream_s3.checks import is_role
from flightstream_s3.failures import of_reading
from flightstream_s3.objects import S3Objects
from flightstream_s3.settings import Settings

SCHEME = "s3://"


@service
class S3Storage:
    """Opens ``s3://bucket/prefix`` in any store that speaks S3."""

    hooks_version: ClassVar[str] = "1.0"

    endpoint: str | None = option(
        None,
        help="Where the store is, such as http://localhost:9000; by default AWS_ENDPOINT_URL_S3,"
        " AWS_ENDPOINT_URL or AWS itself.",
        validator=is_endpoint,
    )
    region: str | None = option(
        None,
        help="The region of the buckets; by default AWS_REGION, AWS_DEFAULT_REGION or us-east-1.",
    )
    anonymous: bool = option(False, help="Whether to read a public bucket, without any keys.")
    access_key: Secret | None = option(
        None,
        help="The access key; by default credentials come from the environment, as for other"
        " tools of AWS.",
    )
    secret_key: Secret | None = option(None, help="The secret that belongs to the access key.")
    session_token: Secret | None = option(None, help="What temporary keys have besides.")
    role: str | None = option(
        None,
        help="The ARN of a role to assume with the credentials of the environment.",
        validator=is_role,
    )
    virtual_hosting: bool = option(
        False,
        help="Whether the endpoint wants the bucket in its host name and not in the path.",
    )
    retries: int = option(
        4, help="How often a request is sent again that failed.", minimum=0, maximum=20
    )
    connect_timeout_seconds: float = option(
        5.0, help="How long to wait for a connection.", minimum=0.1, maximum=600
    )
    request_timeout_seconds: float = option(
        20.0, help="How long the store may be silent.", minimum=0.1, maximum=3600
    )

    _stores: OpenedStores = field(factory=OpenedStores, init=False)

    @hookimpl
    def open_storage(self, uri: str, options: Mapping[str, Any]) -> Storage | None:
        """Open a bucket or a part of it; no request is sent yet.

        Raises:
            ConfigError: The URI is malformed, or options contradict each other.
        """
        if not uri.startswith(SCHEME):
            return None
        place = BucketPath.parse(uri, "set the options access_key and secret_key")
        settings = Settings.of(options)
        objects = S3Objects(settings, place)
        self._stores.add(uri, objects)
        return Storage(settings.filesystem(), place.path, objects, of_reading)

    @hookimpl
    def on_startup(self) -> None:
        """Look whether every place can be listed.

        Raises:
            ConfigError: A place never can be as it is configured.
        """
        _silence()
        self._stores.check()

    @hookimpl
    def on_shutdown(self) -> None:
        """Close the connections."""
        self._stores.close()


def _silence() -> None:
    # At level DEBUG it logs requests with the access key and the session token.
    logger = logging.getLogger("botocore")
    if logger.level < logging.INFO:
        logger.setLevel(logging.INFO)
