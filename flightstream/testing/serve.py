"""The ``serve`` fixture: a real server in a process of its own, and a client."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from attrs import define

from flightstream.client import Client, connect
from flightstream.config.sources import name_sources
from flightstream.errors import ConfigError
from flightstream.testing.process import ServerProcess, clean_environment

Config: TypeAlias = Mapping[str, Any] | Path | str
_CLASS = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")
_STOP_SECONDS = 10.0


@define(eq=False)
class Served:
    """A running server, and a client connected to it.

    .. versionadded:: 0.1
    """

    server: ServerProcess
    client: Client

    @property
    def uri(self) -> str:
        """Where it listens, ``grpc://localhost:…``."""
        return self.server.uri


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """Return a function that starts a server in its own process, on a free port.

    Its arguments are plugin classes, ``"module:Class"``, and URIs or paths,
    each a source named after its last part; without any, there is a source
    ``empty``. ``config`` is a configuration as a mapping, or a file's path.
    Without it, if plugins are given, only these are used. A class may stand in
    the test's own module, but not inside a function: the server imports it
    again.

    .. versionadded:: 0.1
    """
    with ExitStack() as stack:

        def start(*plugins_or_uris: Any, config: Config | None = None) -> Served:
            folder = tmp_path_factory.mktemp("serve")
            asked = ask(plugins_or_uris, config, folder)
            server = stack.enter_context(running(asked, folder))
            return Served(server, stack.enter_context(connect(server.uri)))

        yield start


class running:
    """A server process, stopped at the end of the ``with`` block."""

    def __init__(self, asked: Mapping[str, Any], folder: Path) -> None:
        self._asked = asked
        self._log = folder / "server.log"

    def __enter__(self) -> ServerProcess:
        # What this process can import, the server can.
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        with self._log.open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "flightstream.testing.child"],
                env=clean_environment({"PYTHONPATH": path}),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                text=True,
            )
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(self._asked, default=str) + "\n")
            self._process.stdin.flush()
            server = ServerProcess(self._process, self._log)
            server.wait_until_started()
        except BaseException as exc:
            self.__exit__()
            if self._process.returncode == 2:
                raise ConfigError(self._log.read_text().strip()) from exc
            raise
        return server

    def __exit__(self, *_exc: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()


def ask(given: tuple[Any, ...], config: Config | None, folder: Path) -> dict[str, Any]:
    """Return what a server process is told: plugins, configuration, sources."""
    plugins = [_importable(one) for one in given if _is_plugin(one)]
    uris = [os.fspath(one) for one in given if not _is_plugin(one)]
    tables, file = _tables(config)
    if config is None and plugins:
        tables["plugins"] = {"enabled": []}
    if uris:
        tables["sources"] = {**tables.get("sources", {}), **_named(uris)}
    elif not tables.get("sources") and file is None:
        (folder / "empty").mkdir()
        tables["sources"] = {"empty": str(folder / "empty")}
    tables["server"] = {"port": 0, "drain_timeout_seconds": 2, **tables.get("server", {})}
    tables.setdefault("sources", {})
    return {"plugins": plugins, "tables": tables, "file": file, "folder": os.getcwd()}


def _tables(config: Config | None) -> tuple[dict[str, Any], str | None]:
    if isinstance(config, Path | str):
        return {}, os.path.abspath(config)
    return dict(config or {}), None


def _named(uris: list[str]) -> Mapping[str, Any]:
    return name_sources(uris, Path.cwd())


def _is_plugin(one: Any) -> bool:
    return isinstance(one, type) or (isinstance(one, str) and bool(_CLASS.fullmatch(one)))


def _importable(plugin: type[Any] | str) -> dict[str, str | None]:
    if isinstance(plugin, str):
        module, _, name = plugin.partition(":")
        return {"module": module, "file": None, "name": name}
    if "<locals>" in plugin.__qualname__:
        raise TypeError(
            f"{plugin.__qualname__} is defined inside a function: put it at the top of its"
            " module, for the server's process imports it from there"
        )
    file = getattr(sys.modules.get(plugin.__module__), "__file__", None)
    return {"module": plugin.__module__, "file": file, "name": plugin.__qualname__}
