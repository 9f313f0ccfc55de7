"""``flightstream plugins new``, and an author's first minutes with what it writes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flightstream.scaffold import KINDS
from flightstream.testing.process import clean_environment

each_kind = pytest.mark.parametrize("kind", list(KINDS))


def test_an_adapter_is_begun_and_the_next_steps_are_lines_to_paste(cli: Callable) -> None:
    done = cli("plugins", "new", "my-lake")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "wrote flightstream-my-lake. What it does begins in src/flightstream_my_lake/records.py.",
        "To install it in place, run its tests and see it listed:",
        "  cd flightstream-my-lake",
        '  python -m pip install -e ".[testing]"',
        "  python -m pytest",
        "  flightstream plugins list",
    ]


def test_a_folder_is_made_below_another(cli: Callable, tmp_path: Path) -> None:
    done = cli("plugins", "new", "My_Lake", "--kind", "storage", "--folder", "my plugins")

    assert done.returncode == 0
    assert (
        tmp_path / "my plugins/flightstream-my-lake/src/flightstream_my_lake/storage.py"
    ).exists()
    assert "  cd 'my plugins/flightstream-my-lake'" in done.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["my lake"], "'my lake' is no name: write letters and digits, joined by hyphens"),
        (
            ["csv"],
            "the plugin 'csv' is there already, in flightstream-csv 0.1.0: choose another name",
        ),
        (["taken"], "'flightstream-taken' is there already, and is left as it is"),
    ],
)
def test_what_cannot_be_is_wrong_usage(
    cli: Callable, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    (tmp_path / "flightstream-taken").mkdir()

    done = cli("plugins", "new", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"flightstream: {problem}\n"
    assert [path.name for path in tmp_path.glob("flightstream-*")] == ["flightstream-taken"]


def test_a_place_that_cannot_be_written_is_named(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = cli("plugins", "new", "my-lake", "--folder", "file/below")

    assert done.returncode == 1
    assert done.stderr == "flightstream: file/below/flightstream-my-lake: not a directory\n"


@each_kind
def test_what_is_begun_passes_its_own_tests(cli: Callable, tmp_path: Path, kind: str) -> None:
    cli("plugins", "new", "my-lake", "--kind", kind)
    folder = tmp_path / "flightstream-my-lake"

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=folder,
        env={**clean_environment(), "PYTHONPATH": os.fspath(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
