"""What the tests of the configuration share."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flightstream.config import Loaded, load_config


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Loaded]:
    """Load a ``flightstream.toml`` of this text, or none, with these variables."""

    def load(
        text: str | None = None, environ: Mapping[str, str] | None = None, **given: Any
    ) -> Loaded:
        if text is not None:
            (tmp_path / "flightstream.toml").write_text(text)
        return load_config(environ=environ or {}, working_folder=tmp_path, **given)

    return load


@pytest.fixture
def problems(load: Callable[..., Loaded]) -> Callable[..., list[str]]:
    """Return the lines of the problems that such a configuration has."""

    def problems(*args: Any, **kwargs: Any) -> list[str]:
        return [str(problem) for problem in load(*args, **kwargs).problems]

    return problems
