"""What takes the place of values, type by type."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream import Grant, Mask
from flightstream.filters.types import comparable_type
from flightstream.testing import strategies

MAIL = pa.field("mail", pa.string(), nullable=False, metadata={"example": "ada@example.org"})
NESTED = [
    pa.list_(pa.string()),
    pa.struct([("a", pa.string())]),
    pa.map_(pa.string(), pa.string()),
    pa.run_end_encoded(pa.int32(), pa.string()),
    pa.uuid(),
    pa.duration("s"),
]


def digest(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def test_null_is_nothing_but_nulls_of_the_same_type():
    mask = Mask("null")

    for type_ in (pa.int64(), pa.string(), pa.dictionary(pa.int32(), pa.string()), pa.date32()):
        assert mask.masked_field(pa.field("a", type_, False)) == pa.field("a", type_)
        assert mask.apply(pa.nulls(3, type_)).type == type_
    assert mask.apply(pa.array([1, None])).to_pylist() == [None, None]


def test_redact_is_one_text_for_all_values_and_nulls_stay_null():
    assert Mask("redact").apply(pa.array([1, None, 3])).to_pylist() == ["***", None, "***"]
    assert Mask("redact").apply(pa.array([], pa.int8())) == pa.array([], pa.string())


@pytest.mark.parametrize("kind", ["redact", "sha256"])
def test_a_masked_column_is_text_without_metadata(kind):
    masked = Mask(kind).masked_field(MAIL)

    assert masked == pa.field("mail", pa.string(), nullable=False)
    assert masked.metadata is None
    assert Mask("null").masked_field(MAIL).metadata is None


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array(["ada", None, "", "é"]), ["ada", None, "", "é"]),
        (pa.array(["ada", "ada"], pa.large_string()), ["ada", "ada"]),
        (pa.array(["ada"], pa.string_view()), ["ada"]),
        (pa.array(["ada", None, "ada"]).dictionary_encode(), ["ada", None, "ada"]),
        (pa.array([b"\xff", None]), [b"\xff", None]),
        (pa.array([b"abc"], pa.binary(3)), [b"abc"]),
        (pa.array([1, -2, None]), ["1", "-2", None]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([0.1, None, float("nan")]), ["0.1", None, "nan"]),
        (pa.array([1.5], pa.float16()), ["1.5"]),
        (pa.array([Decimal("1.20")], pa.decimal32(5, 2)), ["1.20"]),
        (pa.array([18262], pa.date32()), ["2020-01-01"]),
        (pa.array([5], pa.time64("us")), ["00:00:00.000005"]),
        (pa.array([0], pa.timestamp("s")), ["1970-01-01 00:00:00"]),
        (pa.nulls(2, pa.null()), [None, None]),
    ],
    ids=lambda given: str(given.type) if isinstance(given, pa.Array) else "",
)
def test_sha256_is_that_of_the_text_or_the_bytes(values, texts):
    expected = [None if text is None else digest(text) for text in texts]

    assert Mask("sha256").apply(values) == pa.array(expected, pa.string())


def test_one_moment_has_one_digest_whatever_the_clock_says():
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    zones = ["UTC", "Europe/Oslo", "+05:30", "Nowhere/Unknown"]
    micros = [int((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))]

    found = {Mask("sha256").apply(pa.array(micros, pa.timestamp("us", zone)))[0] for zone in zones}

    assert found == {pa.scalar(digest("2020-01-01 00:00:00.000000Z"))}


def test_with_a_key_it_is_an_hmac():
    mask = Mask("sha256", key="s3cr3t")
    expected = hmac.digest(b"s3cr3t", b"ada", "sha256").hex()

    assert mask.apply(pa.array(["ada", None])).to_pylist() == [expected, None]
    assert mask == Mask("sha256", key=b"s3cr3t")


def test_text_that_is_not_utf_8_has_a_digest_too():
    broken = pa.array([b"\xff\xfe"], pa.binary()).cast(pa.string(), safe=False)

    assert Mask("sha256").apply(broken).to_pylist() == [digest(b"\xff\xfe")]


@given(data=st.data(), kind=st.sampled_from(["null", "redact", "sha256"]))
def test_whatever_a_mask_fits_it_replaces(data, kind):
    stored = pa.field("a", data.draw(strategies.types()))
    values = data.draw(strategies.arrays(stored.type, 4))
    masked = Mask(kind).masked_field(stored)

    if masked is None:
        assert comparable_type(stored.type) is None
        return
    replaced = Mask(kind).apply(values)
    replaced.validate(full=True)
    assert (replaced.type, len(replaced)) == (masked.type, 4)
    assert replaced.is_null().to_pylist() == (
        [True] * 4 if kind == "null" else values.is_null().to_pylist()
    )


@pytest.mark.parametrize("kind", ["null", "redact", "sha256"])
@pytest.mark.parametrize("type_", NESTED, ids=str)
def test_no_mask_fits_what_no_filter_can_compare(kind, type_):
    assert comparable_type(type_) is None
    assert Mask(kind).masked_field(pa.field("a", type_)) is None


def test_a_key_is_shown_by_nothing():
    mask = Mask("sha256", key="s3cr3t")

    for told in (repr(mask), mask.fingerprint, repr(Grant(masks={"a": mask}))):
        assert "s3cr3t" not in told
    prints = {Mask("sha256", key=key).fingerprint for key in (None, "a", "b")}
    assert len(prints | {Mask("null").fingerprint}) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "md5"}, "must be in"),
        ({"kind": "null", "key": "a"}, "the mask 'null' takes no key"),
        ({"kind": "sha256", "key": ""}, "the key of a mask is empty"),
        ({"kind": "sha256", "key": b""}, "the key of a mask is empty"),
    ],
)
def test_what_is_no_mask_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Mask(**arguments)


def test_a_grant_takes_masks_alone():
    with pytest.raises(TypeError, match="takes a Mask for each column, not 'sha256'"):
        Grant(masks={"a": "sha256"})
