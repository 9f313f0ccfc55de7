"""Who asks is proved by keys, signatures or nothing, and no secret is shown anywhere."""

import base64
import logging
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from flightstream_azure import AzureStorage

from flightstream import ConfigError, Unavailable
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

PLUGINS = (AzureStorage, FaultyAdapter)
OTHER_KEY = base64.b64encode(b"zz-s3cr3t").decode()
SAS = "sv=2026-02-06&sr=c&sp=rl&sig=zz-s3cr3t"
LOGIN = {"tenant_id": "acme.com", "client_id": "reader", "client_secret": "zz-s3cr3t"}


@pytest.fixture
def sas(container: Any) -> Callable[..., dict[str, Any]]:
    """Return a function that makes options with a signature for the container."""

    def sas(permission: str = "rl", hours: float = 1, key: str | None = None) -> dict[str, Any]:
        options = dict(container.store.options)
        own = options.pop("account_key")
        token = generate_container_sas(
            options["account"],
            container.name,
            account_key=key or own,
            permission=ContainerSasPermissions.from_string(permission),
            expiry=datetime.now(UTC) + timedelta(hours=hours),
        )
        return {**options, "sas_token": token}

    return sas


def refusal(start: Callable[..., Any], uri: str, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        start(uri, *PLUGINS, **options)
    assert "zz-s3cr3t" not in caught.value.message
    return caught.value.message.partition(": ")[2]


@pytest.mark.parametrize("mark", ["", "?"])
def test_files_are_listed_and_read_with_a_signature(start, container, sas, mark) -> None:
    container.put("a.txt", b"hello")
    options = sas()
    options["sas_token"] = mark + options["sas_token"]

    [file] = start(container.uri, *PLUGINS, **options).mounts[0].source.files("**")

    assert file.open().read() == b"hello"


def test_public_container_needs_no_credentials_and_uses_none(start, container) -> None:
    container.put("a.txt", b"hello")
    container.client.set_container_access_policy({}, public_access="container")
    options = {**container.store.options, "account_key": OTHER_KEY, "anonymous": True}

    [file] = start(container.uri, *PLUGINS, **options).mounts[0].source.files("**")

    assert file.open().read() == b"hello"


def test_wrong_key_stops_the_start(start, container) -> None:
    options = {**container.store.options, "account_key": OTHER_KEY}

    assert refusal(start, container.uri, **options) == (
        "the account does not accept the key: check account_key, account and the network rules of"
        " the account"
    )


def test_private_container_is_not_there_for_everybody(start, container) -> None:
    told = refusal(start, container.uri, **container.store.options, anonymous=True)

    assert told.startswith("there is no such container, or it is not public: check the URI")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"key": OTHER_KEY}, "the account does not accept the shared access signature: check"),
        ({"hours": -1}, "the shared access signature has expired: renew sas_token"),
        ({"permission": "r"}, "the store does not allow it with these credentials: grant"),
    ],
)
def test_wrong_signature_stops_the_start(start, container, sas, given, told) -> None:
    assert refusal(start, container.uri, **sas(**given)).startswith(told)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"account_key": OTHER_KEY, "sas_token": SAS},
            "account_key and sas_token are set together",
        ),
        ({"account_key": OTHER_KEY, **LOGIN}, "account_key and client_secret are set together"),
        ({**LOGIN, "client_id": None}, "tenant_id, client_id and client_secret go together"),
        ({"client_id": "reader"}, "tenant_id, client_id and client_secret go together"),
        ({"account_key": OTHER_KEY, "tenant_id": "acme.com"}, "go together"),
        ({**LOGIN, "tenant_id": "https://acme"}, "tenant_id is neither the id of a tenant nor"),
        ({"account_key": "zz-s3cr3t"}, "account_key is no key: copy it from"),
        ({"account_key": ""}, "account_key is no key"),
        ({"sas_token": "zz-s3cr3t"}, "sas_token is no shared access signature"),
        ({"sas_token": f"https://acme.blob.core.windows.net/lake?{SAS}"}, "behind the ? of its"),
        ({**LOGIN, "endpoint": "http://127.0.0.1:1"}, "no login of Microsoft Entra is sent"),
        ({"endpoint": "http://127.0.0.1:1"}, "no login of Microsoft Entra is sent"),
    ],
)
def test_credentials_that_cannot_be_are_refused(start, options, told) -> None:
    given = {name: value for name, value in options.items() if value is not None}

    assert told in refusal(start, "abfs://lake", account="acme", **given)


@pytest.mark.parametrize("kind", ["key", "signature"])
def test_nothing_of_a_secret_is_in_the_log_of_any_library(
    start, container, sas, caplog, kind
) -> None:
    container.put("a.txt", b"hello")
    options = container.store.options if kind == "key" else sas()
    secret = options["account_key"] if kind == "key" else options["sas_token"].rpartition("sig=")[2]

    with caplog.at_level(logging.DEBUG):
        [file] = start(container.uri, *PLUGINS, **options).mounts[0].source.files("**")
        assert file.open().read() == b"hello"

    assert f"/{container.name}/a.txt" in caplog.text
    assert secret not in caplog.text
    assert "SharedKey " not in caplog.text


def test_signature_is_in_no_log_of_requests_that_fail(start, sas, caplog) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        options = {**sas(), "endpoint": endpoint, "retries": 1}
        signature = options["sas_token"].rpartition("sig=")[2]
        with caplog.at_level(logging.DEBUG):
            registry = start("abfs://lake", *PLUGINS, **options)
            with pytest.raises(Unavailable, match="the store cannot be reached") as caught:
                list(registry.mounts[0].source.files("**"))

    assert "comp=" in caplog.text
    assert signature not in f"{caplog.text} {caught.value!r}"
