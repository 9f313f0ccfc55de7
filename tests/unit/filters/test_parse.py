"""What is a filter, and what is not."""

import sys
from collections.abc import Callable

import pyarrow as pa
import pytest

from flightstream.errors import InvalidCommand
from flightstream.filters import Filter, Or

SCHEMA = pa.schema(
    [("a", pa.int64()), ("b", pa.int64()), ("s", pa.string())]
    + [(word, pa.int64()) for word in ("select", "case", "date", "order", "any", "interval")]
    + [(word, pa.int64()) for word in ("NOT", "a.b", 'say "hi"', "größe")]
)
GRAMMAR = "a filter has comparisons, AND, OR, NOT, IN, BETWEEN, IS NULL, LIKE and literals"
SYNTAX_ERRORS = [
    ("", "the filter is empty"),
    (" \n", "the filter is empty"),
    ("a = 1 AND", f"the filter ends too early, after 'AND' at position 7: {GRAMMAR}"),
    ("a = 1 b = 2", f"unexpected 'b' at position 7: {GRAMMAR}"),
    ("(a = 1", "the filter ends too early, after '1' at position 6: after the condition comes )"),
    ("a = 1)", f"unexpected ')' at position 6: {GRAMMAR}"),
    ("a BETWEEN 1 OR 2", "unexpected 'OR' at position 13: after BETWEEN and a value comes AND"),
    ("a IS TRUE", "unexpected 'TRUE' at position 6: after IS comes NULL"),
    ("a IN 1", "unexpected '1' at position 6: after IN comes ("),
    ("a IN ()", f"unexpected ')' at position 7: {GRAMMAR}"),
    ("a = 1 = 2", f"unexpected '=' at position 7: {GRAMMAR}"),
    ("(a = 1) = TRUE", "the condition that begins with '(' at position 1 is used as a value"),
    ("s LIKE a", "unexpected 'a' at position 8: LIKE and ESCAPE take a string literal"),
    ("s = 'abc", "the quote at position 5 of the filter is not closed"),
    ('"a = 1', "the quote at position 1 of the filter is not closed"),
    ("a.b = 1", "unexpected '.' at position 2 of the filter: a column name with a dot needs"),
    ("upper(s) = 'X'", f"function 'upper' at position 1 is not allowed: {GRAMMAR}"),
    ("CAST(a AS date) = 1", "function 'CAST' at position 1 is not allowed"),
    ("'x'::date = a", "unexpected ':' at position 4"),
    ("CASE WHEN a THEN b END", "'CASE' at position 1 is not allowed"),
    ("a IN (SELECT 1)", "'SELECT' at position 7 is not allowed"),
    ("a; DROP TABLE x", "unexpected ';' at position 2"),
    ("{{a}}", "unexpected '{' at position 1"),
    ("a = $1", "unexpected '$' at position 5"),
    ("a = ?", "unexpected '?' at position 5"),
    ("a = 1 -- x", "unexpected '-' at position 7: a filter has no arithmetic and no comments"),
    ("a = 1 /* x */", "unexpected '/' at position 7"),
    ("a + 1 = 2", "unexpected '+' at position 3: a filter has no arithmetic and no comments"),
    ("a = - - 1", "unexpected '-' at position 5: a filter has no arithmetic and no comments"),
    ("a = -b", "unexpected '-' at position 5: a filter has no arithmetic and no comments"),
    ("a = 1_000", "unexpected '_000' at position 6"),
    ("a = '\ud800'", "the filter has half of a surrogate pair at position 6"),
]


@pytest.mark.parametrize(("sql", "message"), SYNTAX_ERRORS)
def test_syntax_error_says_where(sql: str, message: str) -> None:
    with pytest.raises(InvalidCommand) as caught:
        Filter.bind(sql, SCHEMA)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    "sql", ["select = 1", "case = 1", "date = 1", "order = 1", "any = 1", "interval = 1"]
)
def test_word_that_is_a_keyword_elsewhere_is_a_column(sql: str) -> None:
    assert str(Filter.bind(sql, SCHEMA)) == sql


@pytest.mark.parametrize("sql", ['"NOT" = 1', '"a.b" = 1', '"say ""hi""" = 1', '"größe" = 1'])
def test_quoted_name_is_a_column(sql: str) -> None:
    assert str(Filter.bind(sql, SCHEMA)) == sql


@pytest.mark.parametrize(
    ("sql", "grouped"),
    [
        ("a=1 OR a=2 AND b=3", "a = 1 OR (a = 2 AND b = 3)"),
        ("(a=1 OR a=2) AND b=3", "(a = 1 OR a = 2) AND b = 3"),
        ("NOT a=1 AND b=2", "NOT a = 1 AND b = 2"),
        ("NOT (a=1 AND b=2)", "NOT (a = 1 AND b = 2)"),
        ("not a in (1,2) or b is not null", "a NOT IN (1, 2) OR b IS NOT NULL"),
        ("a BETWEEN 1 AND 2 AND b=3", "a >= 1 AND a <= 2 AND b = 3"),
        ("a=1 AND (b=2 AND s='x')", "a = 1 AND b = 2 AND s = 'x'"),
        ("s NOT LIKE 'x%' AND NOT a <> 1", "s NOT LIKE 'x%' AND NOT a <> 1"),
        ("s LIKE '50!%' ESCAPE '!'", r"s LIKE '50\%' ESCAPE '\'"),
    ],
)
def test_text_shows_how_a_filter_was_grouped(sql: str, grouped: str) -> None:
    assert str(Filter.bind(sql, SCHEMA)) == grouped


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda n: "(" * n + "a = 1" + ")" * n, "the filter is nested more than 64 deep"),
        (lambda n: "NOT " * n + "a = 1", "the filter is nested more than 64 deep"),
        (lambda n: "NOT (" * (n // 2) + "a=1" + ")" * (n // 2), None),
    ],
)
def test_depth_of_64_is_allowed_and_no_more(
    make: Callable[[int], str], message: str | None
) -> None:
    Filter.bind(make(64), SCHEMA)

    with pytest.raises(InvalidCommand, match=message or "nested"):
        Filter.bind(make(66), SCHEMA)


def test_depth_of_64_is_allowed_on_a_deep_stack() -> None:
    def deeper(frames: int) -> str:
        if frames:
            return deeper(frames - 1)
        return str(Filter.bind("NOT (" * 32 + "a = 1 OR s = 'x' AND b = 2" + ")" * 32, SCHEMA))

    assert deeper(sys.getrecursionlimit() // 3) == "a = 1 OR (s = 'x' AND b = 2)"


def test_chain_is_one_level() -> None:
    bound = Filter.bind(" OR ".join(f"a = {number}" for number in range(250)), SCHEMA)

    assert isinstance(bound.tree, Or)
    assert len(bound.tree.operands) == 250


def test_thousand_parts_are_allowed_and_no_more() -> None:
    items = ", ".join(map(str, range(998)))
    Filter.bind(f"a IN ({items})", SCHEMA)

    with pytest.raises(InvalidCommand) as caught:
        Filter.bind(f"a IN ({items}, 998)", SCHEMA)

    assert str(caught.value) == (
        "the filter has 1,001 names, values and operators, more than 1,000"
    )


def test_size_is_counted_in_bytes() -> None:
    Filter.bind("s = '" + "é" * 8_189 + "'", SCHEMA)

    with pytest.raises(InvalidCommand) as caught:
        Filter.bind("s = '" + "é" * 8_190 + "'", SCHEMA)

    assert str(caught.value) == "the filter has 16,386 bytes, more than 16,384"
