"""The distribution that the tutorial ends with is one that pip builds and FlightStream finds."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "write" / "first-adapter.md"
PACKAGE = "flightstream-logs/src/flightstream_logs/__init__.py"
ASK = """
from importlib.metadata import entry_points
(entry,) = entry_points(group="flightstream", name="logs")
print(entry.dist.name, entry.dist.version, entry.value)
"""

pytestmark = pytest.mark.timeout(300)


def test_tutorial_makes_a_distribution(tmp_path: Path) -> None:
    files = dict(re.findall(r"`([\w./-]+)`:\n\n```\w+\n(.*?)```", TUTORIAL.read_text(), re.DOTALL))
    files[PACKAGE] = files["logs.py"]
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]

    subprocess.run([*pip, "--target", "there", "./flightstream-logs"], cwd=tmp_path, check=True)

    found = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "there")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout == "flightstream-logs 0.1.0 flightstream_logs:LogsAdapter\n"
    assert (tmp_path / "there" / "flightstream_logs" / "__init__.py").is_file()
