"""The README says what is so."""

from pathlib import Path

from flightstream_cache import Cache

from flightstream.testing import options_table

pytest_plugins = ["flightstream.testing"]

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_readme_has_the_table_of_options():
    assert options_table(Cache) in README
