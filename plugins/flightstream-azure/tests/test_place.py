"""Which account, container and prefix a URI and the options mean."""

from typing import Any

import pytest
from flightstream_azure import AzureStorage
from flightstream_azure.place import Account, Place
from hypothesis import given
from hypothesis import strategies as st

from flightstream import BucketPath, ConfigError
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

PLUGINS = (AzureStorage, FaultyAdapter)
HOST = "acme.dfs.core.windows.net"
BLOB = "https://acme.blob.core.windows.net"
EMULATOR = "http://127.0.0.1:10000"


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("abfs://lake", Place(BucketPath("lake", ""), None, False)),
        ("abfs://lake/a/b/", Place(BucketPath("lake", "a/b"), None, False)),
        ("abfss://lake/a%2Fb c?x#y", Place(BucketPath("lake", "a%2Fb c?x#y"), None, True)),
        (
            f"abfss://lake@{HOST}/a",
            Place(BucketPath("lake", "a"), "acme.blob.core.windows.net", True),
        ),
        (
            "abfs://lake@ACME.blob.core.windows.net",
            Place(BucketPath("lake", ""), "acme.blob.core.windows.net", False),
        ),
    ],
)
def test_uri_is_a_container_a_key_and_perhaps_a_host(uri, place) -> None:
    assert Place.parse(uri) == place


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("abfs:///key", "'' is no name of a container"),
        ("abfs://Lake/key", "'Lake' is no name of a container"),
        ("abfs://a--b/key", "'a--b' is no name of a container"),
        (f"abfs://{HOST}/lake", "write the URI as abfs://container/prefix or abfs://container@"),
        (f"abfs://zz-s3cr3t=@{HOST}/a", "what stands before the @ is no name of a container"),
        (f"abfs://user:zz-s3cr3t@{HOST}/a", "has no login in it"),
        (f"abfs://lake@user:zz-s3cr3t@{HOST}/a", "has no login in it"),
        ("abfs://zz-s3cr3t@lake/a", "has the host of a storage account behind the @"),
        ("abfs://acme:zz-s3cr3t", "has no login in it"),
        ("abfs://lake@acme.example.com/a", "has the host of a storage account behind the @"),
        ("abfs://lake@acme.blob.core.windows.net:443/a", "has no login in it"),
        ("abfs://lake//key", "an empty part"),
        ("abfs://lake/a/../b", "a part that is . or .."),
    ],
)
def test_places_that_cannot_be_are_refused_and_no_password_is_told(uri, told) -> None:
    with pytest.raises(ConfigError) as caught:
        Place.parse(uri)

    assert told in caught.value.message
    assert "zz-s3cr3t" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "endpoint", "host", "account"),
    [
        ("acme", None, None, Account("acme", BLOB)),
        ("other", None, "acme.blob.core.windows.net", Account("acme", BLOB)),
        (
            None,
            None,
            "acme.blob.core.usgovcloudapi.net",
            Account("acme", "https://acme.blob.core.usgovcloudapi.net"),
        ),
        (None, f"https://{HOST}/", "acme.blob.core.windows.net", Account("acme", BLOB)),
        (None, "https://acme.z7.blob.storage.azure.net", None, None),
        ("acme", EMULATOR, None, Account("acme", f"{EMULATOR}/acme")),
        ("acme", "http://azurite:10000/", None, Account("acme", "http://azurite:10000/acme")),
        ("acme", "http://[::1]:10000", None, Account("acme", "http://[::1]:10000/acme")),
        (
            "acme",
            "http://host.docker.internal:10000",
            None,
            Account("acme", "http://host.docker.internal:10000/acme"),
        ),
        ("acme", "https://files.acme.com", None, Account("acme", "https://files.acme.com")),
        (None, BLOB, None, Account("acme", BLOB)),
        ("other", BLOB, None, Account("acme", BLOB)),
    ],
)
def test_account_is_that_of_the_uri_else_of_the_options(name, endpoint, host, account) -> None:
    expected = account or Account("acme", endpoint)

    assert Account.of(name, endpoint, host) == expected


@pytest.mark.parametrize(
    ("name", "endpoint", "host", "told"),
    [
        (None, None, None, "it is not said which storage account this is in: set account, or"),
        (None, EMULATOR, None, "it is not said which storage account"),
        ("Acme!", None, None, "account is 'Acme!', and those of Azure have 3 to 24"),
        ("acme", EMULATOR, "acme.blob.core.windows.net", f"and endpoint is {EMULATOR!r}: write"),
    ],
)
def test_accounts_that_cannot_be_are_refused(name, endpoint, host, told) -> None:
    with pytest.raises(ConfigError) as caught:
        Account.of(name, endpoint, host)

    assert told in caught.value.message


@given(st.text(max_size=60))
def test_whatever_stands_in_a_uri_is_a_place_or_refused(rest) -> None:
    try:
        place = Place.parse(f"abfs://{rest}")
    except ConfigError:
        return
    assert rest.startswith(place.inside.bucket)
    assert rest.removesuffix("/").endswith(place.inside.key)


def test_account_of_the_environment_is_the_default(start, container, monkeypatch) -> None:
    options = dict(container.store.options)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", options.pop("account"))
    container.put("a.txt", b"hello")

    [file] = start(container.uri, *PLUGINS, **options).mounts[0].source.files("**")

    assert file.open().read() == b"hello"


def test_uri_that_wants_tls_gets_no_endpoint_without(start: Any) -> None:
    with pytest.raises(ConfigError, match="abfss:// wants TLS, and endpoint begins with http://"):
        start("abfss://lake", *PLUGINS, account="acme", endpoint=EMULATOR, anonymous=True)
