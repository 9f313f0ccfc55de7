"""Encodings and compressions."""

import bz2
import codecs
import gzip
from typing import Any

import pyarrow as pa
import pytest

from flightstream import InvalidData

TABLE = 'city,n\nMünchen,1\n"São ""P""\naulo",2\n東京,3\n'
ROWS = [
    {"city": "München", "n": 1},
    {"city": 'São "P"\naulo', "n": 2},
    {"city": "東京", "n": 3},
]


def zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


COMPRESSIONS = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstd}


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize("block_bytes", [5, 2**21])
def test_byte_order_mark_tells_the_encoding(
    serve: Any, mark: bytes, encoding: str, block_bytes: int
) -> None:
    served = serve(mark + TABLE.encode(encoding), block_bytes=block_bytes, encoding="latin-1")

    assert served.types == {"city": "string", "n": "int64"}
    assert served.rows() == ROWS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "UTF8", "gb18030", "utf-16-le"])
def test_encoding_is_an_option(serve: Any, encoding: str) -> None:
    assert serve(TABLE.encode(encoding), encoding=encoding, block_bytes=7).rows() == ROWS


def test_latin_1_is_decoded(serve: Any) -> None:
    served = serve("näme\nMünchen\n".encode("latin-1"), encoding="latin-1")

    assert served.rows() == [{"näme": "München"}]


def test_windows_of_a_large_utf_16_file_are_evidence(serve: Any) -> None:
    rows = "".join(f"{number},ü\n" for number in range(20_000))
    other = "".join(f"{number}.5,ü\n" for number in range(2_000))
    content = f"\ufeffa,b\n{rows}{other}{rows}".encode("utf-16-le")

    assert serve(content, infer_bytes=len(content) - 1).types["a"] == "double"


@pytest.mark.parametrize("block_bytes", [1, 8, 2**21])
def test_mark_within_the_file_is_a_character(serve: Any, block_bytes: int) -> None:
    served = serve("a,b\nx,1\n\ufeffy,2\n", block_bytes=block_bytes)

    assert served.read()["a"].to_pylist() == ["x", "\ufeffy"]


def test_text_after_skipped_lines_has_no_mark(serve: Any) -> None:
    content = codecs.BOM_UTF8 + b'a comment, "and\r\none more\ra,b\n1,2\n'

    assert serve(content, skip_rows=2).rows() == [{"a": 1, "b": 2}]


@pytest.mark.parametrize("block_bytes", [11, 2**21])
@pytest.mark.parametrize(
    ("encoding", "wrong", "value"),
    [("utf-8", b"M\xfcnchen", r"\xfc"), ("ascii", b"M\xfcnchen", r"\xfc"), ("cp1252", b"\x81", r"\x81")],
)  # fmt: skip
def test_bytes_that_are_not_allowed_are_named(
    serve: Any, encoding: str, wrong: bytes, value: str, block_bytes: int
) -> None:
    content = b'a,b,c\n1,"x\ny",2\n3,"y\n' + wrong + b'",4\n5,z,6\n'
    served = serve(content, encoding=encoding, block_bytes=block_bytes)

    with pytest.raises(InvalidData, match="encoding") as caught:
        served.read()

    error = caught.value
    assert (error.row, error.column, error.value) == (2, "b", value)


def test_wrong_bytes_in_a_number_are_no_number(serve: Any) -> None:
    rows = "".join(f"{number},x\n" for number in range(5_000))
    served = serve(
        b"a,b\n" + rows.encode() + b"\xff,y\n",
        infer_bytes=1024,
        column_types={"a": "int64"},
    )

    with pytest.raises(InvalidData) as caught:
        served.read()

    assert (caught.value.row, caught.value.column, caught.value.value) == (
        5001,
        "a",
        r"\xff",
    )


@pytest.mark.parametrize("on_bad_row", ["error", "skip"])
def test_wrong_bytes_in_a_ragged_row_are_named(serve: Any, on_bad_row: str) -> None:
    served = serve(b"a,b\n1,2\n3\n\xff\n", on_bad_row=on_bad_row)

    with pytest.raises(InvalidData, match="not utf-8") as caught:
        served.read(columns=("b",))

    assert (caught.value.row, caught.value.column) == (3, "a")


def test_wrong_bytes_in_the_header_are_invalid_data(serve: Any) -> None:
    served = serve(b"n\xe4me\nx\n")

    with pytest.raises(InvalidData, match=r"header of 'table\.csv' is not utf-8"):
        served.ask()


def test_utf_16_without_a_mark_is_not_served_as_utf_8(serve: Any) -> None:
    with pytest.raises(InvalidData, match="utf-16-le"):
        serve("a,b\n1,2\n".encode("utf-16-le")).ask()


def test_half_a_character_at_the_end_is_invalid_data(serve: Any) -> None:
    content = codecs.BOM_UTF16_LE + "a,b\n1,2\n".encode("utf-16-le") + b"3"
    served = serve(content)

    with pytest.raises(InvalidData) as caught:
        served.read()

    assert caught.value.row == 2


@pytest.mark.parametrize("suffix", COMPRESSIONS)
@pytest.mark.parametrize("block_bytes", [5, 2**21])
def test_compressed_file_is_read(serve: Any, suffix: str, block_bytes: int) -> None:
    content = COMPRESSIONS[suffix](TABLE.encode())

    served = serve(content, f"Table.CSV.{suffix.upper()}", block_bytes=block_bytes)

    assert served.flight.name == ("Table",)
    assert served.rows() == ROWS


def test_compressed_file_of_several_members_is_read(serve: Any) -> None:
    content = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n")

    assert serve(content, "t.csv.gz").read().num_rows == 2


def test_compressed_utf_16_is_read(serve: Any) -> None:
    content = gzip.compress(TABLE.encode("utf-16"))

    assert serve(content, "t.csv.gz", block_bytes=7).rows() == ROWS


@pytest.mark.parametrize("suffix", COMPRESSIONS)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
def test_truncated_compressed_file_is_never_a_short_stream(
    serve: Any, suffix: str, kept: float
) -> None:
    rows = "".join(f"{number},{number * 7919 % 104729}\n" for number in range(100_000))
    content = COMPRESSIONS[suffix](f"a,b\n{rows}".encode())
    served = serve(
        content[: int(len(content) * kept)],
        f"t.csv.{suffix}",
        block_bytes=65_536,
        infer_bytes=1024,
    )

    with pytest.raises(InvalidData, match="damaged or cut short"):
        served.read()


def test_compressed_nothing_is_invalid_data(serve: Any) -> None:
    with pytest.raises(InvalidData, match="empty"):
        serve(gzip.compress(b""), "t.csv.gz").ask()


def test_text_that_only_claims_to_be_compressed_is_invalid_data(serve: Any) -> None:
    with pytest.raises(InvalidData, match="damaged"):
        serve(b"a,b\n1,2\n", "t.csv.gz").ask()
