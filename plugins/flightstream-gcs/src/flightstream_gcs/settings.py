"""The options of one source, and the client they make."""

import json
import os
from collections.abc import Mapping
from typing import Any, Self

import google.auth
from attrs import field, frozen
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud.storage import Client
from google.cloud.storage.retry import DEFAULT_RETRY
from google.oauth2.service_account import Credentials as ServiceAccount
from requests.adapters import HTTPAdapter

from flightstream import ConfigError, Secret

_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_only"]
_CONNECTIONS = 64  # as many scans may read at once


@frozen(kw_only=True)
class Settings:
    """How a store is reached; see the options of :class:`GcsStorage`."""

    endpoint: str | None
    anonymous: bool
    credentials: Secret | None = field(repr=False)
    retry_seconds: float
    request_timeout_seconds: float

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Complete the options from the environment, as Google's own tools do.

        Raises:
            ConfigError: The credentials are none.
        """
        given = dict(options)
        if given["anonymous"]:  # one source may be public where others are not
            given["credentials"] = None
        emulator = os.environ.get("STORAGE_EMULATOR_HOST")
        if emulator and not given["endpoint"]:
            given["endpoint"] = emulator if "://" in emulator else f"http://{emulator}"
        settings = cls(**given)
        if settings.credentials is not None:
            settings.login()
        return settings

    def login(self) -> Credentials:
        """Return what proves who asks; without the option, it looks around the machine.

        Raises:
            ConfigError: The option's value is no key.
            google.auth.exceptions.GoogleAuthError: There is nothing on the machine.
        """
        if self.anonymous:
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        if self.credentials is None:
            return google.auth.default(scopes=_SCOPES)[0]
        try:
            key = json.loads(self.credentials.reveal())
            login: Credentials = ServiceAccount.from_service_account_info(  # type: ignore[no-untyped-call]
                key, scopes=_SCOPES
            )
        except Exception:  # whatever a wrong key leads to; its text may have a part of the key
            raise ConfigError(
                "credentials is no key in JSON, as `gcloud iam service-accounts keys create`"
                " writes it"
            ) from None
        return login

    def client(self) -> Client:
        """Return what asks the store; it connects when it is first used.

        Raises:
            google.auth.exceptions.GoogleAuthError: Nothing tells who asks.
        """
        # It would look for the bucket's own place, in a thread and for its traces alone.
        os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
        login = self.login()
        session = AuthorizedSession(  # type: ignore[no-untyped-call]
            login, refresh_timeout=self.request_timeout_seconds
        )
        session.mount("https://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
        session.mount("http://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
        options = {"api_endpoint": self.endpoint.rstrip("/")} if self.endpoint else None
        return Client(project="-", credentials=login, _http=session, client_options=options)

    @property
    def retry(self) -> Retry:
        """How requests that fail are sent again."""
        retry: Retry = DEFAULT_RETRY.with_delay(initial=0.2, maximum=5)
        return retry.with_timeout(self.retry_seconds)
