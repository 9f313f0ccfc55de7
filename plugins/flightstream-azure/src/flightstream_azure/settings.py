"""The options of one source, and the client they make."""

import base64
import binascii
import logging
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qs

import requests
from attrs import field, frozen
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientSecretCredential
from azure.storage.blob import BlobServiceClient
from requests.adapters import HTTPAdapter

from flightstream import ConfigError, Secret, StoreFailure
from flightstream_azure.failures import (
    EXPIRED_SAS,
    NOT_PUBLIC,
    WRONG_KEY,
    WRONG_SAS,
    WRONG_TOKEN,
)
from flightstream_azure.login import Login
from flightstream_azure.place import Account, Place

_CONNECTIONS = 64  # as many scans may read at once
_RANGE_BYTES = 32 * 1024 * 1024  # of one request; more are several
_LOGIN = ("tenant_id", "client_id", "client_secret")
_SECRETS = ("account_key", "sas_token", "client_secret")
_TENANT = re.compile(r"[A-Za-z0-9.-]+")


@frozen(kw_only=True)
class Settings:
    """How an account is reached; see the options of :class:`AzureStorage`."""

    account: Account
    account_key: Secret | None = field(repr=False)
    sas_token: Secret | None = field(repr=False)
    tenant_id: str | None
    client_id: str | None
    client_secret: Secret | None = field(repr=False)
    anonymous: bool
    retries: int
    request_timeout_seconds: float

    @classmethod
    def of(cls, options: Mapping[str, Any], place: Place) -> Self:
        """Complete the options from the URI and the environment.

        Raises:
            ConfigError: Something is missing, or they contradict each other.
        """
        given = dict(options)
        if given["anonymous"]:  # one source may be public where others are not
            given |= dict.fromkeys((*_SECRETS, *_LOGIN))
        name = given["account"] or os.environ.get("AZURE_STORAGE_ACCOUNT")
        given["account"] = Account.of(name, given.pop("endpoint"), place.host)
        settings = cls(**given)
        settings._check_login()
        settings._check_tls(place)
        return settings

    @property
    def refused(self) -> StoreFailure:
        """What it means that the store does not accept the credentials."""
        if self.anonymous:
            return NOT_PUBLIC
        if self.account_key is not None:
            return WRONG_KEY
        if self.sas_token is not None:
            return EXPIRED_SAS if _has_ended(self.sas_token) else WRONG_SAS
        return WRONG_TOKEN

    def client(self, *, retries: int | None = None) -> BlobServiceClient:
        """Return what asks the store; it connects when it is first used.

        Args:
            retries: Of requests to the store, instead of those configured.

        Raises:
            LoginFailed: The environment has a login that cannot be.
        """
        limits = self._limits(self.retries if retries is None else retries)
        session = requests.Session()
        session.mount("https://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
        session.mount("http://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
        return BlobServiceClient(
            self.account.url,
            self._credential(),
            transport=RequestsTransport(session=session, **limits),
            initial_backoff=0,
            increment_base=2,
            random_jitter_range=1,
            max_single_get_size=_RANGE_BYTES,
            max_chunk_get_size=_RANGE_BYTES,
            **limits,
        )

    def _limits(self, retries: int) -> dict[str, Any]:
        timeout = self.request_timeout_seconds
        return {
            "connection_timeout": timeout,
            "read_timeout": timeout,
            "retry_total": retries,
            "retry_connect": retries,
            "retry_read": retries,
            "retry_status": retries,
        }

    def _credential(self) -> Any:
        if self.anonymous:
            return None
        if self.account_key is not None:
            return AzureNamedKeyCredential(self.account.name, self.account_key.reveal())
        if self.sas_token is not None:
            # The token is in URLs, which this one logs.
            logging.getLogger("urllib3.connectionpool").addFilter(_hide_signature)
            return AzureSasCredential(_without_mark(self.sas_token))
        # The identity of a machine that has just started needs more than one attempt.
        limits = self._limits(self.retries)
        if self.tenant_id and self.client_id and self.client_secret is not None:
            secret = self.client_secret.reveal()
            return Login(ClientSecretCredential(self.tenant_id, self.client_id, secret, **limits))
        return Login.around(limits)

    def _check_login(self) -> None:
        secrets = [name for name in _SECRETS if getattr(self, name) is not None]
        if len(secrets) > 1:
            raise ConfigError(
                f"{' and '.join(secrets)} are set together: keep one of them, and set those of single"
                " sources in [sources.NAME.options.azure]"
            )
        login = [name for name in _LOGIN if getattr(self, name)]
        if login and len(login) < len(_LOGIN):
            raise ConfigError(
                "tenant_id, client_id and client_secret go together: set all of them, or none and"
                " AZURE_CLIENT_ID for an identity of the machine"
            )
        if self.tenant_id and not _TENANT.fullmatch(self.tenant_id):
            raise ConfigError("tenant_id is neither the id of a tenant nor its domain")
        if self.account_key is not None and not _is_base64(self.account_key):
            raise ConfigError(
                "account_key is no key: copy it from `az storage account keys list`, with the = at"
                " its end"
            )
        if self.sas_token is not None and not _is_signature(self.sas_token):
            raise ConfigError(
                "sas_token is no shared access signature: set what stands behind the ? of its URL"
            )

    def _check_tls(self, place: Place) -> None:
        if self.account.url.startswith("https://"):
            return
        if place.needs_tls:
            raise ConfigError(
                "abfss:// wants TLS, and endpoint begins with http://: write abfs://, or set the"
                " https:// URL of the endpoint"
            )
        if not self.anonymous and self.account_key is None and self.sas_token is None:
            raise ConfigError(
                "endpoint begins with http://, where no login of Microsoft Entra is sent: set"
                " account_key, sas_token or anonymous = true"
            )


def _hide_signature(record: logging.LogRecord) -> bool:
    record.msg, record.args = re.sub(r"sig=[^&\s\"]+", "sig=…", record.getMessage()), ()
    return True


def _is_base64(key: Secret) -> bool:
    try:
        return bool(base64.b64decode(key.reveal(), validate=True))
    except (binascii.Error, ValueError):
        return False


def _without_mark(sas: Secret) -> str:
    return sas.reveal().removeprefix("?")


def _is_signature(sas: Secret) -> bool:
    token = _without_mark(sas)
    return "?" not in token and token.isascii() and token.isprintable() and "sig" in parse_qs(token)


def _has_ended(sas: Secret) -> bool:
    try:
        end = datetime.fromisoformat(parse_qs(_without_mark(sas))["se"][0])
    except (KeyError, ValueError):  # it may lie in a policy of the container
        return False
    return (end if end.tzinfo else end.replace(tzinfo=UTC)) < datetime.now(UTC)
