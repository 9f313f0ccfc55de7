"""The options of one source, and the clients they make."""

import os
from collections.abc import Mapping
from functools import partial
from typing import Any, Self
from urllib.parse import urlsplit

import botocore.session
import pyarrow.fs as pafs
from attrs import field, frozen
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

from flightstream import ConfigError, Secret

_CONNECTIONS = 64  # as many scans may look after their file at once


@frozen(kw_only=True)
class Settings:
    """How a store is reached; see the options of :class:`S3Storage`."""

    endpoint: str | None
    region: str
    anonymous: bool
    access_key: Secret | None = field(repr=False)
    secret_key: Secret | None = field(repr=False)
    session_token: Secret | None = field(repr=False)
    role: str | None
    virtual_hosting: bool
    retries: int
    connect_timeout_seconds: float
    request_timeout_seconds: float

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Complete the options from the environment, as other tools of AWS do.

        Raises:
            ConfigError: They contradict each other.
        """
        environ = os.environ
        given = dict(options)
        if options["anonymous"]:  # one source may be public where others are not
            given |= dict.fromkeys(("access_key", "secret_key", "session_token", "role"))
        _check_keys(given)
        given["endpoint"] = (
            options["endpoint"]
            or environ.get("AWS_ENDPOINT_URL_S3")
            or environ.get("AWS_ENDPOINT_URL")
        )
        given["region"] = (
            options["region"]
            or environ.get("AWS_REGION")
            or environ.get("AWS_DEFAULT_REGION")
            or "us-east-1"
        )
        return cls(**given)

    def filesystem(self) -> pafs.S3FileSystem:
        """Return what reads files."""
        if self.endpoint:
            # Else Arrow writes checksums in a form that most other stores take for data.
            os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
            os.environ.setdefault("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
        parts = urlsplit(self.endpoint or "https:")
        return pafs.S3FileSystem(
            access_key=_revealed(self.access_key),
            secret_key=_revealed(self.secret_key),
            session_token=_revealed(self.session_token),
            anonymous=self.anonymous,
            role_arn=self.role,
            region=self.region,  # without one, Arrow waits for the address of a machine at AWS
            scheme=parts.scheme,
            endpoint_override=parts.netloc or None,
            force_virtual_addressing=self.virtual_hosting,
            connect_timeout=self.connect_timeout_seconds,
            request_timeout=self.request_timeout_seconds,
            retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=self.retries + 1),
        )

    def session(self) -> botocore.session.Session:
        """Return what makes clients; with a role, it looks for credentials.

        Raises:
            BotoCoreError: The profile cannot be used.
        """
        session = botocore.session.Session()
        if self.role:
            session._credentials = self._assumed(session)
        return session

    def client(self, session: botocore.session.Session, *, retries: int | None = None) -> Any:
        """Return what lists files; looking for credentials may ask the machine at AWS.

        Args:
            session: Of these settings.
            retries: Instead of those configured.

        Raises:
            BotoCoreError: The profile cannot be used.
        """
        attempts = (self.retries if retries is None else retries) + 1
        config = Config(
            connect_timeout=self.connect_timeout_seconds,
            read_timeout=self.request_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=_CONNECTIONS,
            signature_version=UNSIGNED if self.anonymous else None,
            s3={"addressing_style": self._addressing_style()},
        )
        client = session.create_client(
            "s3",
            region_name=self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=_revealed(self.access_key),
            aws_secret_access_key=_revealed(self.secret_key),
            aws_session_token=_revealed(self.session_token),
            config=config,
        )
        client.meta.events.register("before-call.s3", _stay)
        return client

    def _addressing_style(self) -> str:
        if self.virtual_hosting:
            return "virtual"
        return "path" if self.endpoint else "auto"

    def _assumed(self, session: botocore.session.Session) -> DeferredRefreshableCredentials:
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=partial(session.create_client, region_name=self.region),
            source_credentials=session.get_credentials(),
            role_arn=self.role,
        )
        return DeferredRefreshableCredentials(
            method="assume-role", refresh_using=fetcher.fetch_credentials
        )


def _check_keys(options: Mapping[str, Any]) -> None:
    keys = [name for name in ("access_key", "secret_key") if options[name] is not None]
    if len(keys) == 1 or (options["session_token"] is not None and not keys):
        raise ConfigError("access_key and secret_key go together: set both, or neither")
    if options["role"] and keys:
        raise ConfigError(
            "role is assumed with the credentials of the environment: remove access_key and"
            " secret_key, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead"
        )


def _stay(params: dict[str, Any], **_: Any) -> None:
    # It would follow a bucket to its region; Arrow does not, and could then read no file.
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()
