"""Where the repository is and what is in it, git or no git."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE_BY_TOOLS = ("__pycache__", "build", "dist", "node_modules")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def sources() -> list[Path]:
    """Every file of the tree that people wrote or chose, relative to its top."""
    return sorted(_sources())


def _sources() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not _is_made_by_tools(name)]
        for name in files:
            if name == ".gitignore" or not name.startswith("."):
                yield Path(folder, name).relative_to(ROOT)


def _is_made_by_tools(name: str) -> bool:
    return (
        name in MADE_BY_TOOLS
        or name.endswith(".egg-info")
        or (name.startswith(".") and name not in (".ci", ".github"))
    )
