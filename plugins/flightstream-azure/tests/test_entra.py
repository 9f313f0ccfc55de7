"""Logins of Microsoft Entra: tokens for an application, or of what is around."""

import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flightstream_azure import AzureStorage

from flightstream import ConfigError, FlightStreamError
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

PLUGINS = (AzureStorage, FaultyAdapter)
URI = "abfss://lake@acme.dfs.core.windows.net"
LOGIN = {"tenant_id": "acme.com", "client_id": "reader", "client_secret": "zz-s3cr3t"}
REFUSED = {"error": "invalid_client", "error_description": "AADSTS7000215: not zz-t0ld"}
FAST = {"retries": 0, "request_timeout_seconds": 1.0}


def nobody() -> str:
    """Return a URL where nobody answers."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No program logs in, and the machine is none of Azure's."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", nobody())


def test_files_are_listed_and_read_with_a_token(start, cloud) -> None:
    [file] = start(URI, *PLUGINS, **LOGIN).mounts[0].source.files("**")

    assert file.open().read() == b"hello"
    assert set(cloud.seen) == {"Bearer token-1", "Bearer token-2"}  # one was for the start


def test_login_of_the_environment_is_used(start, cloud, monkeypatch) -> None:
    for name, value in LOGIN.items():
        monkeypatch.setenv(f"AZURE_{name.upper()}", value)

    [file] = start(URI, *PLUGINS).mounts[0].source.files("**")

    assert file.open().read() == b"hello"


@pytest.mark.parametrize("place", ["options", "environment"])
def test_wrong_secret_stops_the_start(start, cloud, monkeypatch, captured_logs, caplog, place):
    cloud.entra = 401, REFUSED
    if place == "environment":
        for name, value in LOGIN.items():
            monkeypatch.setenv(f"AZURE_{name.upper()}", value)

    with pytest.raises(ConfigError) as caught:
        start(URI, *PLUGINS, **(LOGIN if place == "options" else {}))

    assert caught.value.message == (
        f"{URI} cannot be read: Microsoft Entra does not accept the login: check tenant_id,"
        " client_id and client_secret, or AZURE_TENANT_ID and its like"
    )
    assert "zz-" not in f"{captured_logs} {caplog.text}"


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ((401, "InvalidAuthenticationInfo"), "the account does not accept the login: log in at"),
        ((403, "AuthorizationPermissionMismatch"), "grant the role Storage Blob Data Reader"),
    ],
)
def test_login_that_is_not_enough_stops_the_start(start, cloud, refusal, told) -> None:
    cloud.refusal = refusal

    with pytest.raises(ConfigError, match=told):
        start(URI, *PLUGINS, **LOGIN)


def test_tenant_that_is_not_there_stops_the_start(start, cloud) -> None:
    cloud.tenant = "other.com"

    with pytest.raises(ConfigError, match="Microsoft Entra does not accept the login"):
        start(URI, *PLUGINS, **LOGIN)


@pytest.mark.parametrize("trouble", ["failing", "silent", "away"])
def test_entra_that_may_recover_is_a_warning(
    start, cloud, captured_logs, monkeypatch, trouble
) -> None:
    cloud.entra, cloud.stays_silent = (503, {}), trouble == "silent"
    if trouble == "away":
        monkeypatch.setenv("HTTPS_PROXY", nobody())
    told = "Microsoft Entra cannot be asked for a token: check that this machine reaches it"

    registry = start(URI, *PLUGINS, **LOGIN, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert told in warning["problem"]
    with pytest.raises(FlightStreamError, match=told) as caught:
        list(registry.mounts[0].source.files("**"))
    assert caught.value.code == "unavailable"


def test_certificate_that_nobody_trusts_is_a_warning(
    start, cloud, captured_logs, monkeypatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")

    start(URI, *PLUGINS, anonymous=True, **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert warning["problem"].startswith("the store's certificate cannot be trusted: check")


def test_machine_without_credentials_is_told_what_to_set(start, cloud, alone) -> None:
    with pytest.raises(ConfigError) as caught:
        start(URI, *PLUGINS, request_timeout_seconds=1.0)

    assert caught.value.message == (
        f"{URI} cannot be read: there are no credentials for the store: set account_key,"
        " sas_token or client_secret, log in with AZURE_CLIENT_ID and its like or `az login`, or"
        " set anonymous = true for a public container"
    )
    assert cloud.seen == []


def test_login_of_the_environment_that_cannot_be_stops_the_start(
    start, cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**LOGIN, "tenant_id": "https://acme"}.items():
        monkeypatch.setenv(f"AZURE_{name.upper()}", value)

    with pytest.raises(ConfigError, match="the environment has a login that cannot be used"):
        start(URI, *PLUGINS)


def test_nothing_of_a_login_is_in_the_log_of_any_library(
    start: Callable[..., Any], cloud: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        [file] = start(URI, *PLUGINS, **LOGIN).mounts[0].source.files("**")
        assert file.open().read() == b"hello"

    assert "token-" not in caplog.text
    assert LOGIN["client_secret"] not in caplog.text
