"""What is wrong is said at start, as far as it is certain, and with the cure."""

import os
import socket
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from flightstream_s3 import S3Storage

from flightstream import ConfigError, FlightStreamError, Secret
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

ROLE = "arn:aws:iam::123456789012:role/reader"
FAST = {"retries": 0, "connect_timeout_seconds": 0.5, "request_timeout_seconds": 0.5}


@pytest.fixture
def start(registry: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that starts a server's plugins with a source, in this process."""

    def start(uri: str, **options: Any) -> Any:
        config = {
            "plugins": {"enabled": [], "s3": options},
            "sources": {"lake": {"uri": uri, "adapters": ["faulty"]}},
        }
        return registry(S3Storage, FaultyAdapter, config=config)

    return start


def error(code: str) -> bytes:
    """Return an error as S3 writes it."""
    return f"<Error><Code>{code}</Code><Message>for s3cr3t</Message></Error>".encode()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"endpoint": "localhost:9000"}, "is not a URL like http://localhost:9000"),
        ({"endpoint": "http://me:s3cr3t@host"}, "has a login in it"),
        ({"endpoint": "http://host/s3cr3t"}, "has something behind the host"),
        ({"role": "reader"}, "is not an ARN"),
        ({"access_key": "a"}, "access_key and secret_key go together"),
        ({"session_token": "s3cr3t"}, "access_key and secret_key go together"),
        ({"role": ROLE, "access_key": "a", "secret_key": "s3cr3t"}, "remove access_key"),
        ({"retries": -1}, "less than the minimum"),
    ],
)
def test_options_that_make_no_sense_are_refused(start, options, told) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        start("s3://bucket/prefix", **options)

    assert "s3cr3t" not in caught.value.message


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("s3://", "is no name of a bucket"),
        ("s3:///key", "is no name of a bucket"),
        ("s3://a..b/key", "is no name of a bucket"),
        ("s3://key:s3cr3t@bucket", "has no login in it"),
        ("s3://bucket//key", "an empty part"),
        ("s3://bucket/" + "k" * 1025, "longer than 1,024 bytes"),
    ],
)
def test_places_that_cannot_be_are_refused(start, uri, told) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        start(uri)

    assert "s3cr3t" not in caught.value.message


def test_missing_bucket_is_named_at_start(start, store) -> None:
    with pytest.raises(ConfigError) as caught:
        start("s3://flightstream-missing/x", **store.options)

    assert caught.value.message == (
        "s3://flightstream-missing/x cannot be read: there is no such bucket: check the URI and"
        " endpoint"
    )


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "InvalidAccessKeyId", "the store does not know the access key: check access_key"),
        (403, "SignatureDoesNotMatch", "the secret key does not fit the access key"),
        (400, "ExpiredToken", "renew session_token"),
        (403, "RequestTimeTooSkewed", "set this server's clock"),
        (403, "AccessDenied", "allow s3:ListBucket for the bucket and s3:GetObject"),
        (403, "Forbidden", "allow s3:ListBucket for the bucket and s3:GetObject"),
        (301, "PermanentRedirect", "the bucket is in another region: set region"),
        (400, "AuthorizationHeaderMalformed", "the bucket is in another region: set region"),
        (404, "NoSuchBucket", "there is no such bucket"),
    ],
)
def test_refusal_of_the_store_stops_the_start(start, store, proxy, status, code, told) -> None:
    proxy.fault = lambda request: request.answer(status, error(code))

    with pytest.raises(ConfigError, match=told) as caught:
        start("s3://bucket/x", **{**store.options, "endpoint": proxy.url})

    assert "s3cr3t" not in caught.value.message


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda request: request.answer(503, error("SlowDown")), "overloaded or failing"),
        (lambda request: request.answer(418, error("Teapot")), "means nothing: check endpoint"),
        (lambda request: request.stay_silent(), "does not answer in time"),
        (lambda request: request.break_off(), "cannot be reached"),
    ],
    ids=["busy", "strange", "silent", "broken off"],
)
def test_store_that_may_recover_is_a_warning(
    start, store, proxy, captured_logs, fault, told
) -> None:
    proxy.fault = fault

    registry = start("s3://bucket/x", **{**store.options, **FAST, "endpoint": proxy.url})

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert warning["uri"] == "s3://bucket/x"
    assert told in warning["problem"]
    with pytest.raises(FlightStreamError, match=told) as caught:
        list(registry.mounts[0].source.files("**"))
    assert caught.value.code == "unavailable"


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_endpoint_that_is_not_there_is_a_warning(start, captured_logs, host) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://{host}:{unused.getsockname()[1]}"
        start("s3://bucket/x", endpoint=endpoint, access_key="a", secret_key="b", **FAST)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert warning["problem"] == "the store cannot be reached: check endpoint and that it runs"


def test_whole_bucket_is_a_source(start, bucket) -> None:
    for key in ("a.txt", "b/c.txt", "b/d//e.txt", "b/f/", "/g.txt"):
        bucket.put(key, b"")

    files = start(bucket.uri, **bucket.store.options).mounts[0].source.files("**")

    assert [file.name for file in files] == ["a.txt", "b/c.txt"]


def test_store_without_any_credentials_is_refused(start, store) -> None:
    with pytest.raises(ConfigError, match="set access_key and secret_key, or anonymous = true"):
        start("s3://bucket/x", endpoint=store.endpoint)


def test_credentials_come_from_the_environment(start, bucket, monkeypatch) -> None:
    bucket.put("a.txt", b"hello")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.store.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.store.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.store.endpoint)

    [file] = start(bucket.uri).mounts[0].source.files("**")

    assert file.open().read() == b"hello"


def test_credentials_come_from_a_profile(start, bucket, monkeypatch, tmp_path) -> None:
    bucket.put("a.txt", b"hello")
    (tmp_path / "credentials").write_text(
        f"[lake]\naws_access_key_id = {bucket.store.access_key}\n"
        f"aws_secret_access_key = {bucket.store.secret_key}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "lake")

    [file] = start(bucket.uri, endpoint=bucket.store.endpoint).mounts[0].source.files("**")

    assert file.open().read() == b"hello"


def test_unknown_profile_is_a_problem_with_its_cure(
    start, store, monkeypatch, captured_logs
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "missing")

    start("s3://bucket/x", endpoint=store.endpoint)

    [warning] = [log for log in captured_logs if log["event"] == "storage_unavailable"]
    assert warning["problem"].endswith("check profile and role")


@pytest.mark.skipif(
    "FLIGHTSTREAM_S3_ENDPOINT" not in os.environ,
    reason="moto checks no keys: set FLIGHTSTREAM_S3_ENDPOINT to a store that does",
)
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"access_key": "AKWRONG"}, "the store does not know the access key"),
        ({"secret_key": "wr0ng"}, "the secret key does not fit the access key"),
    ],
)
def test_wrong_keys_are_told_apart(start, bucket, wrong, told) -> None:
    with pytest.raises(ConfigError, match=told):
        start(bucket.uri, **{**bucket.store.options, **wrong})


def test_secrets_are_in_no_representation(start, bucket) -> None:
    secret = Secret("zz-s3cr3t")
    try:
        plugin = start(
            bucket.uri, endpoint=bucket.store.endpoint, access_key="a", secret_key=secret
        )
    except ConfigError as refused:
        assert "zz-s3cr3t" not in str(refused)
    else:
        assert "zz-s3cr3t" not in repr([one.instance for one in plugin.plugins])


def test_public_bucket_is_read_without_keys(start, bucket) -> None:
    bucket.client.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    bucket.client.put_object(Bucket=bucket.name, Key="a.txt", Body=b"hello", ACL="public-read")
    options = {**bucket.store.options, "secret_key": "wr0ng", "anonymous": True}

    [file] = start(bucket.uri, **options).mounts[0].source.files("**")

    assert file.open().read() == b"hello"


def test_bucket_is_in_the_host_name_where_the_endpoint_wants_it(start) -> None:
    options = {"endpoint": "http://store.invalid", "access_key": "a", "secret_key": "b", **FAST}
    uris = []
    for virtual_hosting in (False, True):
        registry = start("s3://bucket", **options, virtual_hosting=virtual_hosting)
        [plugin] = [one.instance for one in registry.plugins if one.name == "s3"]
        client = plugin._stores._opened[0][1].client()
        uris.append(client.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "k"}))

    assert [uri.partition("?")[0] for uri in uris] == [
        "http://store.invalid/bucket/k",
        "http://bucket.store.invalid/k",
    ]


@pytest.mark.skipif(
    "FLIGHTSTREAM_S3_ENDPOINT" in os.environ, reason="moto knows every role: unset the endpoint"
)
@pytest.mark.skipif(
    pa.__version__ == "26.0.0",
    reason="this Arrow asks AWS alone for roles: pip install 'pyarrow>=26.0.1'",
)
def test_role_is_assumed(start, bucket, monkeypatch) -> None:
    bucket.put("a.txt", b"hello")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.store.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.store.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", bucket.store.endpoint)

    [file] = (
        start(bucket.uri, endpoint=bucket.store.endpoint, role=ROLE).mounts[0].source.files("**")
    )

    assert file.open().read() == b"hello"
