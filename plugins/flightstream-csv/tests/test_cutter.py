"""Where records end, against the parser that decides what quotes mean."""

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from flightstream_csv.cutter import Cutter
from flightstream_csv.dialect import Dialect
from flightstream_csv.records import RaggedRows, parse_options, split
from flightstream_csv.zeros import ZeroFinder
from hypothesis import example, given
from hypothesis import strategies as st

COMMA, ESCAPED = Dialect(), Dialect(escape="\\")
DIALECTS = {
    "comma": COMMA,
    "escaped": ESCAPED,
    "unquoted": Dialect(quote=""),
    "single": Dialect(delimiter=";", quote="'"),
}


def records(data: bytes, dialect: Dialect) -> list[str | None]:
    """Return the first fields and the texts of bad records: a trace of the whole parse."""
    if not data:
        return []
    texts: list[str | None] = []

    def note(row: pacsv.InvalidRow) -> str:
        texts.append(row.text)
        return "skip"

    table = pacsv.read_csv(
        pa.BufferReader(data),
        pacsv.ReadOptions(column_names=["a", "b"], use_threads=False, block_size=2**20),
        parse_options(dialect, columns=2, ragged=note),
        pacsv.ConvertOptions(column_types={"a": pa.binary(), "b": pa.binary()}, null_values=[]),
    )
    return [*texts, *(str(row) for row in table.to_pylist())]


@pytest.mark.parametrize("name", DIALECTS)
@given(data=st.text(alphabet="ab,;\"'\\\r\n 0", max_size=60).map(str.encode))
@example(b'a,5" pipe\nb,"x\ny"\n')
@example(b'"a"x"b"\n","\n"\n')
@example(b'a,""\nb,"""\n"\n')
@example(b'\\"a,b\n\\\n"\n,"\n')
@example(b"a,b\rc,d\re")
def test_parts_are_parsed_as_the_whole_is(name: str, data: bytes) -> None:
    dialect = DIALECTS[name]
    cutter = Cutter(dialect)

    end = cutter.cut(data)

    assert sorted(map(str, records(data[:end], dialect) + records(data[end:], dialect))) == sorted(
        map(str, records(data, dialect))
    )
    assert not cutter.is_open(data[:end])


@pytest.mark.parametrize("name", DIALECTS)
@given(data=st.text(alphabet="ab,;\"'\\\r\n", max_size=60).map(str.encode))
def test_first_record_is_the_shortest_part(name: str, data: bytes) -> None:
    cutter = Cutter(DIALECTS[name])
    first = cutter.first(data, final=True)
    shorter = [cutter.cut(data[:size], final=True) for size in range(1, first - 1)]

    assert not any(end for end in shorter if data[end - 1 : end + 1] != b"\r\n")
    if first:
        assert cutter.cut(data[:first], final=True) == first


@pytest.mark.parametrize(
    ("data", "is_open"),
    [
        (b'a,"b', True),
        (b'a,"b"', False),
        (b'a,"b""', True),
        (b'a,"b"""', False),
        (b'a,5"', False),
        (b'a,5",x\n"', True),
    ],
)
def test_open_quote_is_known_at_the_end(data: bytes, is_open: bool) -> None:
    assert Cutter(COMMA).is_open(data) == is_open


def test_carriage_return_at_the_end_may_be_half_of_a_line_end() -> None:
    cutter = Cutter(COMMA)

    assert [cutter.cut(b"a,b\r"), cutter.cut(b"a,b\r", final=True)] == [0, 4]


def test_quotes_that_parity_misreads_are_cut_right() -> None:
    data = b'1,5" pipe\n' + b'2,"x\ny"\n' * 100
    cutter = Cutter(COMMA)

    assert not cutter.is_strict(data)
    assert cutter.cut(data + b'3,"x\n') == len(data)
    assert len(records(data, COMMA)) == 101


@given(
    fields=st.lists(
        st.sampled_from(
            ["7", "0", "0.5", "-0", "2024-01-02", "08:30", "007", "-007", "0x1F", " 07", "a0", "10", ""]
        ),
        min_size=1,
        max_size=6,
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quote=st.booleans(),
)  # fmt: skip
def test_no_leading_zero_is_overlooked(
    fields: list[str], delimiter: str, end: str, quote: bool
) -> None:
    written = [f'"{field}"' if quote else field for field in fields]
    block = (delimiter.join(written) + end).encode()
    finder = ZeroFinder(Dialect(delimiter=delimiter))

    found = finder.count(block)

    assert found == sum(field in ("007", "-007", "0x1F", " 07", "08:30") for field in fields)
    # A column of text accounts for its own, so that only numbers are left to look at.
    assert found - finder.count_values(pa.array(fields)) == fields.count(" 07")


def test_leading_zero_is_found_at_any_place_of_a_block() -> None:
    finder = ZeroFinder(COMMA)
    for size in (
        0,
        1,
        60,
        62,
        63,
        64,
        65,
        2**17 - 3,
        2**17 - 2,
        2**17 - 1,
        2**17,
        2**17 + 1,
    ):
        assert finder.count(b"x" * size + b"\n-007\n") == 1
        assert finder.count(b"x" * size + b"\n-7\n") == 0


def test_row_numbers_count_skipped_records() -> None:
    ragged = RaggedRows(skip=True, numbers=[1, 3, 4])

    assert [ragged.number_of(index) for index in range(3)] == [2, 5, 6]


@pytest.mark.parametrize("name", DIALECTS)
@given(data=st.text(alphabet="ab,;\"'\\\r\n 0", min_size=1, max_size=60).map(str.encode))
@example(b'"a,b",c,5" x,"y"",",z\n')
def test_fields_are_counted_as_they_are_split(name: str, data: bytes) -> None:
    cutter = Cutter(DIALECTS[name])
    record = data[: cutter.first(data + b"\n", final=True)].strip(b"\r\n")
    fields = split(record, DIALECTS[name]) if record else []

    assert cutter.count_fields(record) == len(fields) or not fields
