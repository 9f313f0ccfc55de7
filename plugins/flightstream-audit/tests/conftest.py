"""A moment, and how lines are read back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def moment() -> datetime:
    return datetime(2026, 11, 25, 2, 34, 41, 552_388, UTC)


@pytest.fixture(scope="session")
def read_lines() -> Callable[[Path], list[dict[str, Any]]]:
    """Return a function that reads a file of which each line has to be whole."""

    def read(file: Path) -> list[dict[str, Any]]:
        content = file.read_bytes()
        assert content.endswith(b"\n") or not content
        return [json.loads(line) for line in content.split(b"\n")[:-1]]

    return read
