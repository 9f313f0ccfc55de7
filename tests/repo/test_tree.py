"""What is in the tree belongs there."""

import re
from pathlib import Path

TOP_FOLDERS = {".ci", "contrib", "data", "docs", "flightstream", "plugins", "tests"}
TOP_FILES = {
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "conftest.py",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
}
CODE_SUFFIXES = {".py", ".js", ".ts"}
LINES_LIMIT = 450
OWN_FOLDER = re.compile(rb"""(?:^|[\s"'`(=:])/(?:root|work|workspace|(?:home|Users)/\w+)/""")


def test_nothing_new_at_the_top(sources: list[Path]) -> None:
    folders = {path.parts[0] for path in sources if len(path.parts) > 1}
    files = {path.name for path in sources if len(path.parts) == 1}

    assert folders - TOP_FOLDERS == set()
    assert files - TOP_FILES == set()


def test_code_files_stay_short(root: Path, sources: list[Path]) -> None:
    lengths = {
        str(path): len((root / path).read_bytes().splitlines())
        for path in sources
        if path.suffix in CODE_SUFFIXES
    }

    assert {path: n for path, n in lengths.items() if n > LINES_LIMIT} == {}


def test_no_file_names_a_folder_of_somebodys_machine(root: Path, sources: list[Path]) -> None:
    assert [path for path in sources if OWN_FOLDER.search((root / path).read_bytes())] == []
