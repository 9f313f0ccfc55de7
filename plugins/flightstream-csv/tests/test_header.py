"""Names of columns."""

from typing import Any

import pytest
import structlog
from flightstream_csv.header import distinct
from hypothesis import given
from hypothesis import strategies as st

from flightstream import InvalidData


@pytest.mark.parametrize(
    ("found", "names"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["", "a", ""], ["column_1", "a", "column_3"]),
        (["", "column_1"], ["column_1_2", "column_1"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
    ],
)
def test_names_are_made_distinct(found: list[str], names: list[str]) -> None:
    assert distinct(found) == names


@given(st.lists(st.sampled_from(["", "a", "a_2", "a_3", "a_2_2", "column_1", "column_2"])))
def test_names_are_always_distinct_and_the_first_of_each_is_kept(
    found: list[str],
) -> None:
    names = distinct(found)

    assert len(set(names)) == len(names) == len(found)
    assert all(names[found.index(name)] == name for name in found if name)


def test_changed_names_are_a_warning(serve: Any) -> None:
    served = serve("a,a,\n1,2,3\n")

    with structlog.testing.capture_logs() as logs:
        served.ask()

    assert served.rows() == [{"a": 1, "a_2": 2, "column_3": 3}]
    assert [log["names"] for log in logs if log["log_level"] == "warning"] == [["a_2", "column_3"]]


def test_no_header_makes_names_up(serve: Any) -> None:
    assert serve("1,x\n2,y\n", header=False).rows() == [
        {"column_1": 1, "column_2": "x"},
        {"column_1": 2, "column_2": "y"},
    ]


def test_given_names_stand_for_no_header(serve: Any) -> None:
    assert serve("1,x\n", header=("n", "t")).rows() == [{"n": 1, "t": "x"}]


def test_given_names_replace_a_header_that_is_skipped(serve: Any) -> None:
    assert serve("a,b\n1,x\n", header=("n", "t"), skip_rows=1).rows() == [{"n": 1, "t": "x"}]


def test_given_names_of_another_number_are_invalid_data(serve: Any) -> None:
    with pytest.raises(InvalidData, match="has 2 columns, but the option 'header' names 1"):
        serve("1,x\n", header=("n",)).ask()


def test_header_alone_is_a_schema_without_rows(serve: Any) -> None:
    for content in ("a,b", "a,b\n", '"a",b\r\n\r\n'):
        served = serve(content)
        assert served.types == {"a": "string", "b": "string"}
        assert served.read().num_rows == 0


def test_quoted_header_may_hold_lines_and_numbers(serve: Any) -> None:
    served = serve('"a ""x""\nb",00123,NA\n1,2,3\n')

    assert served.schema.names == ['a "x"\nb', "00123", "NA"]


def test_blank_lines_before_the_header_are_left_out(serve: Any) -> None:
    assert serve("\n\r\na,b\n\n1,2\n").rows() == [{"a": 1, "b": 2}]


@pytest.mark.parametrize("content", ["\n", "\ufeff", "\r\n\r\n", "a,b\n1,2\n"])
def test_nothing_but_skipped_lines_is_invalid_data(serve: Any, content: str) -> None:
    with pytest.raises(InvalidData, match="empty"):
        serve(content, skip_rows=2).ask()


def test_header_that_is_never_closed_is_invalid_data(serve: Any) -> None:
    with pytest.raises(InvalidData, match="open quote"):
        serve('a,"b\n1,2\n').ask()


def test_header_longer_than_the_sample_is_read(serve: Any) -> None:
    names = [f"{'name' * 20}_{number}" for number in range(200)]

    served = serve(",".join(names) + "\n" + ",".join(["1"] * 200) + "\n", infer_bytes=1024)

    assert served.schema.names == names
    assert served.read().num_rows == 1
