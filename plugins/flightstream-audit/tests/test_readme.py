"""The README says what is so."""

import json
import re
from pathlib import Path

from flightstream_audit import AuditLog
from flightstream_audit.line import line_of

from flightstream import CallRecord
from flightstream.testing import options_table

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_readme_has_the_table_of_options():
    assert options_table(AuditLog) in README


def test_readme_shows_and_explains_every_key_of_a_line(moment):
    keys = list(json.loads(line_of(CallRecord(call="1", method="DoGet", code="ok"), moment)))

    [shown] = re.findall(r"^```json\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert list(json.loads(shown)) == keys
    explained = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| \S", README, re.MULTILINE)
    assert {*keys, "lost"} <= {name for row in explained for name in re.findall(r"\w+", row)}
