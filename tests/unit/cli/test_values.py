import datetime
import json
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream.cli.values import json_text, to_json, to_text

TZ = "Europe/Oslo"
NOON = datetime.datetime(2024, 3, 1, 12, 0, 0, 120_000)


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (None, pa.int64(), None),
        (2**63, pa.uint64(), 2**63),
        (1.5, pa.float16(), 1.5),
        (float("nan"), pa.float64(), "NaN"),
        (float("-inf"), pa.float32(), "-Infinity"),
        (Decimal("1.10"), pa.decimal128(5, 2), "1.10"),
        (Decimal("1E-9"), pa.decimal128(12, 9), "0.000000001"),
        (b"\xff\x00", pa.binary(), "/wA="),
        (b"ab", pa.binary(2), "YWI="),
        (datetime.date(2024, 3, 1), pa.date32(), "2024-03-01"),
        (datetime.date(2024, 3, 1), pa.date64(), "2024-03-01"),
        (NOON, pa.timestamp("us"), "2024-03-01T12:00:00.12"),
        (NOON, pa.timestamp("us", TZ), "2024-03-01T12:00:00.12Z"),
        (1, pa.timestamp("ns"), "1970-01-01T00:00:00.000000001"),
        (1, pa.timestamp("s", "No/Where"), "1970-01-01T00:00:01Z"),
        (datetime.time(1, 2, 3), pa.time32("s"), "01:02:03"),
        (1, pa.time64("ns"), "00:00:00.000000001"),
        (datetime.timedelta(seconds=-1, milliseconds=-500), pa.duration("ms"), "PT-1.5S"),
        (3, pa.duration("s"), "PT3S"),
        ((1, 2, 3_000_000_000), pa.month_day_nano_interval(), "P1M2DT3S"),
        ("x", pa.dictionary(pa.int8(), pa.string()), "x"),
        ([1, None], pa.list_(pa.int8()), [1, None]),
        ([1, 2], pa.list_(pa.int8(), 2), [1, 2]),
        ([Decimal("1.0")], pa.large_list(pa.decimal128(3, 1)), ["1.0"]),
        ({"a": datetime.date(2024, 3, 1)}, pa.struct([("a", pa.date32())]), {"a": "2024-03-01"}),
        ([("k", 1)], pa.map_(pa.string(), pa.int8()), [["k", 1]]),
        ("é\x1b", pa.large_string(), "é\x1b"),
        ("x", pa.string_view(), "x"),
        (True, pa.bool_(), True),
    ],
)
def test_json_value(value, type_, expected):
    assert to_json(pa.scalar(value, type_)) == expected


def test_json_of_encoded_unions_and_extensions():
    encoded = pa.RunEndEncodedArray.from_arrays([2], pa.array([Decimal("1.5")]))
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([b"a"])])
    uuid = pa.array([b"0123456789abcdef"], pa.binary(16)).cast(pa.uuid())
    dictionary = pa.array([NOON], pa.timestamp("us")).dictionary_encode()

    assert [to_json(array[0]) for array in (encoded, union, uuid, dictionary)] == [
        "1.5",
        "YQ==",
        "30313233-3435-3637-3839-616263646566",
        "2024-03-01T12:00:00.12",
    ]


def test_string_that_is_not_utf8_is_shown_all_the_same():
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff")]
    )

    assert to_json(bad[0]) == "a\\xff"


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (None, pa.int64(), "null"),
        (True, pa.bool_(), "true"),
        (["a\x1b"], pa.list_(pa.string()), '["a\\u001b"]'),
        ("two\nlines", pa.string(), "two\\nlines"),
    ],
)
def test_text_value(value, type_, expected):
    assert to_text(pa.scalar(value, type_)) == expected


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=5))
def test_json_text_is_printable_and_means_the_same(document):
    text = json_text({"a": document})

    assert all(line.isprintable() for line in text.split("\n"))
    assert json.loads(text) == {"a": document}
