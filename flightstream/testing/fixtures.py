"""Fixtures that need no server process."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from flightstream.config import load_mapping
from flightstream.config.words import toml_text
from flightstream.models import ServerInfo
from flightstream.registry import Registry, build_registry


@pytest.fixture
def registry() -> Iterator[Callable[..., Registry]]:
    """Return a function that builds and starts plugins as a server does, without one.

    Its arguments are plugin classes; ``config`` is a configuration as a
    mapping, whose ``sources`` the adapters among them are mounted at. They are
    shut down at the end of the test.

    .. versionadded:: 0.1
    """
    with ExitStack() as stack:

        def build(*plugins: type[Any], config: Mapping[str, Any] | None = None) -> Registry:
            built = build_registry(_load(config or {}, only_given=config is None), plugins)
            built.startup(SERVER)
            stack.callback(built.shutdown)
            return built

        yield build


SERVER = ServerInfo(host="localhost", port=0, version="0", sources=())


def _load(tables: Mapping[str, Any], *, only_given: bool) -> Any:
    return load_mapping({"plugins": {"enabled": []}, **tables} if only_given else tables)


@pytest.fixture
def captured_logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Return what is logged through structlog in this process, an ``event`` each.

    .. versionadded:: 0.1
    """
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes ``flightstream.toml`` from sections given as keywords.

    ``make_config(sources={"sales": {"uri": "data/"}}, server={"port": 0})``.

    .. versionadded:: 0.1
    """

    def write(**sections: Mapping[str, Any]) -> Path:
        path = tmp_path / "flightstream.toml"
        lines = [f"{name} = {toml_text(values)}" for name, values in sections.items()]
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    return write
