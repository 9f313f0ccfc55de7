"""Who asks is proved by tokens that Google gives for a key, and nothing shows the key."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flightstream_gcs import GcsStorage

from flightstream import ConfigError, FlightStreamError
from flightstream.testing import FaultyAdapter, StoreProxy, StoreRequest

PLUGINS = (GcsStorage, FaultyAdapter)


class Google:
    """Gives tokens, and hands on what brings one that is still good."""

    def __init__(self, proxy: StoreProxy) -> None:
        self.proxy = proxy
        self.refusal: tuple[int, bytes] | None = None
        self.seconds = 3600
        self.given = 0
        self.seen: list[str] = []
        proxy.fault = self.answer

    def answer(self, request: StoreRequest) -> bool:
        if request.path != "/token":
            self.seen.append(request.headers["Authorization"])
            return False
        if self.refusal is not None:
            return request.answer(*self.refusal, "application/json")
        self.given += 1
        token = {"access_token": f"token-{self.given}", "expires_in": self.seconds}
        return request.answer(200, json.dumps(token).encode(), "application/json")


@pytest.fixture
def google(store: Any) -> Iterator[Google]:
    with StoreProxy.before(store.url) as proxy:
        yield Google(proxy)


@pytest.fixture
def log_in(
    start: Callable[..., Any], google: Google, service_account: Callable[[str], str]
) -> Callable[..., Any]:
    """Return a function that starts a server's plugins with a key."""

    def log_in(uri: str) -> Any:
        url = google.proxy.url
        key = service_account(f"{url}/token")
        return start(uri, *PLUGINS, endpoint=url, credentials=key, retry_seconds=1.0)

    return log_in


def test_files_are_listed_and_read_with_a_token(log_in, google, bucket) -> None:
    bucket.put("a.txt", b"hello")

    [file] = log_in(bucket.uri).mounts[0].source.files("**")

    assert file.open().read() == b"hello"
    assert set(google.seen) <= {"Bearer token-1", "Bearer token-2"}  # one was for the start


def test_token_is_renewed_when_it_ends(log_in, google, bucket) -> None:
    bucket.put("a.txt", b"hello")
    google.seconds = 0
    [file] = log_in(bucket.uri).mounts[0].source.files("**")
    first = google.given

    assert file.open().read() == b"hello"

    assert google.given > first
    assert google.seen[-1] == f"Bearer token-{google.given}"


def test_key_that_was_revoked_stops_the_start(log_in, google) -> None:
    google.refusal = 400, b'{"error": "invalid_grant", "error_description": "for zz-t0ld"}'

    with pytest.raises(ConfigError) as caught:
        log_in("gs://bucket")

    assert caught.value.message == (
        "gs://bucket cannot be read: Google does not accept the credentials: check credentials,"
        " and that the key was not revoked"
    )


def test_google_that_cannot_be_asked_is_a_warning(log_in, google, captured_logs) -> None:
    google.refusal = 503, b"{}"

    registry = log_in("gs://bucket")

    assert [log["event"] for log in captured_logs].count("storage_unavailable") == 1
    with pytest.raises(FlightStreamError) as caught:
        list(registry.mounts[0].source.files("**"))
    assert caught.value.code == "unavailable"


@pytest.mark.parametrize(
    "key", ["zz-s3cr3t", '"zz-s3cr3t"', '{"type": "zz-s3cr3t"}', '{"private_key": "zz-s3cr3t"}']
)
def test_what_is_no_key_is_refused_and_not_told(start, key) -> None:
    with pytest.raises(ConfigError, match="credentials is no key in JSON") as caught:
        start("gs://bucket", *PLUGINS, credentials=key)

    assert "zz-s3cr3t" not in caught.value.message


def test_machine_without_credentials_is_told_what_to_set(start, monkeypatch, tmp_path) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")

    with pytest.raises(ConfigError, match="set credentials or GOOGLE_APPLICATION_CREDENTIALS"):
        start("gs://bucket", *PLUGINS)
