"""These plugins are small enough to be read at once."""

from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parents[1].glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_plugin_has_fewer_than_forty_lines(file):
    lines = [line for line in file.read_text().splitlines() if line.strip()]

    assert len(lines) < 40
