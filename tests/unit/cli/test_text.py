import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream.cli.text import aligned, printable, shortened, size


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [red]text[/red]", "plain [red]text[/red]"),
        ("Zürich \N{NO-BREAK SPACE}日本 🛫", "Zürich \N{NO-BREAK SPACE}日本 🛫"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b", "a\\u202eb"),
        ("\udc80", "\\udc80"),
    ],
)
def test_only_what_steers_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown


@given(st.text())
def test_shown_text_is_one_printable_line(text):
    assert all(c.isprintable() or c.isspace() for c in printable(text))
    assert len(printable(text).splitlines()) <= 1


def test_shortened_text_has_the_width():
    assert (shortened("abcde", 5), shortened("abcdef", 5)) == ("abcde", "abcd…")


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
     (3 * 10**18, "3000.0 PB")],
)  # fmt: skip
def test_sizes(number, shown):
    assert size(number) == shown


def test_columns_are_as_wide_as_their_widest_cell():
    assert aligned([["a", "bb"], ["ccc", ""]]) == "a    bb\nccc"
