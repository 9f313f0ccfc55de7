import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream import BucketPath, ConfigError, is_usable_key

LOGIN = "set the option key"


@pytest.mark.parametrize(
    ("uri", "bucket", "key"),
    [
        ("s3://lake", "lake", ""),
        ("s3://lake/", "lake", ""),
        ("gs://lake/a", "lake", "a"),
        ("gs://lake/a/b/", "lake", "a/b"),
        ("gs://lake/a%2Fb c?x#y", "lake", "a%2Fb c?x#y"),
        ("gs://Old_Bucket.example.com/a", "Old_Bucket.example.com", "a"),
    ],
)
def test_uri_is_a_bucket_and_a_key(uri, bucket, key):
    place = BucketPath.parse(uri, LOGIN)

    assert place == BucketPath(bucket, key)
    assert place.path == f"{bucket}/{key}".rstrip("/")


@pytest.mark.parametrize("rest", ["", "/", "ab", "a..b", "a b", "größe", "-ab", "x" * 256, "a:b@c"])
def test_what_is_no_bucket_is_refused(rest):
    with pytest.raises(ConfigError):
        BucketPath.parse(f"gs://{rest}/key", LOGIN)


def test_login_in_a_uri_is_refused_and_not_told():
    with pytest.raises(ConfigError, match="has no login in it: set the option key") as caught:
        BucketPath.parse("gs://ada:zz-s3cr3t@lake/a", LOGIN)

    assert "zz-s3cr3t" not in caught.value.message


@pytest.mark.parametrize("key", ["/a", "a//b", "a\nb", "x" * 1025, "ä" * 513, "a//"])
def test_key_that_no_file_can_have_is_refused(key):
    with pytest.raises(ConfigError, match="no file of the bucket 'lake' can be served below"):
        BucketPath.parse(f"gs://lake/{key}", LOGIN)


@given(st.lists(st.text("ab ./%ä", min_size=1, max_size=5), min_size=1, max_size=5))
def test_every_usable_key_comes_back(parts):
    key = "/".join(parts)
    if is_usable_key(key):
        assert BucketPath.parse(f"s3://lake/{key}", LOGIN).key == key
    else:
        assert "" in key.split("/")
