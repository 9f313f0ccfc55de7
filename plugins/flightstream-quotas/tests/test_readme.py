"""The README says what is so."""

from pathlib import Path

import attrs
from flightstream_quotas import Limits, Quotas, SubjectLimits

from flightstream.testing import options_table

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_readme_has_the_table_of_options():
    assert options_table(Quotas) in README


def test_readme_has_the_table_of_a_limits_keys():
    assert options_table(SubjectLimits) in README
    assert {one.name for one in attrs.fields(Limits)} < {
        one.name for one in attrs.fields(SubjectLimits)
    }
