"""Which paths a pattern matches."""

import re
import time

import pytest
from flightstream_auth.policies.pattern import Pattern
from hypothesis import given
from hypothesis import strategies as st


def matches(pattern: str, path: str) -> bool:
    return Pattern.parse(pattern).matches(tuple(path.split("/")))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("sales/orders", "sales/orders"),
        ("sales/*", "sales/orders"),
        ("sales/*", "sales/*"),
        ("sales/o*s", "sales/orders"),
        ("sales/o*s", "sales/os"),
        ("sales/**", "sales/orders"),
        ("sales/**", "sales/2024/q1/orders"),
        ("sales/**", "sales"),
        ("**", "sales/2024/orders"),
        ("**/orders", "sales/2024/orders"),
        ("**/2024/*", "sales/2024/orders"),
        ("sales/**/orders", "sales/orders"),
        ("sales/**/q?/**/orders", "sales/a/q1/b/c/orders"),
        ("*/orders", "sales/orders"),
        ("sales/orders.2024.csv", "sales/orders.2024.csv"),
        ("sales/a+(b)|c$", "sales/a+(b)|c$"),
        ("sales/*", "sales/line\nbreak"),
        ("sales/%2e%2e", "sales/%2e%2e"),
    ],
)
def test_it_matches(pattern, path):
    assert matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("sales/orders", "sales/Orders"),
        ("sales/orders", "SALES/orders"),
        ("sales/orders", "sales/orders/"),
        ("sales/orders", "/sales/orders"),
        ("sales/orders", "sales//orders"),
        ("sales/orders", "sales%2Forders"),
        ("sales/orders", "sales/orders\n"),
        ("sales/orders", "sales/./orders"),
        ("sales/*", "sales/2024/orders"),
        ("sales/*", "sales/2024%2Forders/x"),
        ("sales/*", "hr/../sales/orders"),
        ("sales/*", "sales"),
        ("sales/?", "sales/"),
        ("*/orders", "orders"),
        ("sales/**/orders", "sales/orders/lines"),
        ("sales/o*s", "sales/order"),
        ("sales/o*de*s", "sales/ords"),
        ("sales/**", "sales2/orders"),
        ("sales/orders.csv", "sales/ordersxcsv"),
    ],
)
def test_it_does_not_match(pattern, path):
    assert not matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "is no path of a flight"),
        ("/sales/*", "is no path of a flight"),
        ("sales/", "is no path of a flight"),
        ("sales//*", "is no path of a flight"),
        ("sales/../hr/*", "is no path of a flight"),
        ("./sales/*", "is no path of a flight"),
        ("sales/2024**", "'**' has to be a whole part"),
        ("sales/***", "'**' has to be a whole part"),
        ("sales/[ab]", "there are only '*', '?' and '**'"),
        ("sales/{a,b}", "there are only '*', '?' and '**'"),
        ("sales\\orders/x", "there are only '*', '?' and '**'"),
        ("sales", "write 'sales/**' for a whole source, or '**' for all"),
        ("*", "names no flight"),
    ],
)
def test_what_no_flight_can_be_called_is_refused(pattern, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Pattern.parse(pattern)


PARTS = st.text("ab*?", min_size=1, max_size=4).filter(lambda part: "**" not in part)
PATTERNS = st.lists(PARTS | st.just("**"), min_size=2, max_size=5).map("/".join)
PATHS = st.lists(st.text("ab", max_size=4), min_size=1, max_size=5).map("/".join)


@given(pattern=PATTERNS, path=PATHS)
def test_it_matches_what_its_definition_says(pattern, path):
    assert matches(pattern, path) == plainly(pattern.split("/"), path.split("/"))


def plainly(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(plainly(pattern[1:], path[n:]) for n in range(len(path) + 1))
    return bool(path) and letters(pattern[0], path[0]) and plainly(pattern[1:], path[1:])


def letters(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(letters(pattern[1:], text[n:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and letters(pattern[1:], text[1:])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("sales/" + "*a" * 20 + "b", "sales/" + "a" * 64_000),
        ("**/a/" * 10 + "b", "a/" * 30_000),
    ],
    ids=["stars in a part", "stars for parts"],
)
def test_no_path_takes_long(pattern, path):
    """With backtracking these would take longer than anybody lives."""
    began = time.process_time()

    assert not matches(pattern, path)
    assert time.process_time() - began < 10
