"""The ``serve`` fixture: a real server in a process of its own, and a client."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from attrs import define

from flightstream.client import Client, connect
from flightstream.config.sources import name_sources
from flightstream.errors import ConfigError
from flightstream.plugin import Secret
from flightstream.testing import child
from flightstream.testing.process import ServerProcess, clean_environment

Config: TypeAlias = Mapping[str, Any] | Path | str
_CLASS = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")
_STOP_SECONDS = 10.0


@define(eq=False)
class Served:
    """A running server, and a client connected to it that tries nothing again.

    .. versionadded:: 0.1
    """

    server: ServerProcess
    client: Client

    @property
    def uri(self) -> str:
        """Where it listens, ``grpc://localhost:…``, or ``grpc+tls://`` with TLS."""
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
            return stack.enter_context(serving(folder, *plugins_or_uris, config=config))

        yield start


@contextmanager
def serving(folder: Path, *plugins_or_uris: Any, config: Config | None = None) -> Iterator[Served]:
    """Run a server, as the fixture ``serve`` does, for the length of a ``with`` block.

    Args:
        folder: Where its log is written.
        plugins_or_uris: What it serves.
        config: Its configuration.
    """
    asked = _ask(plugins_or_uris, config, folder)
    with _running(asked, folder) as server, connect(server.uri, attempts=1) as client:
        yield Served(server, client)


@contextmanager
def _running(asked: Mapping[str, Any], folder: Path) -> Iterator[ServerProcess]:
    log = folder / "server.log"
    # What this process can import, the server can.
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    with log.open("w") as stderr:
        process = subprocess.Popen(
            # Its file, for its package imports pytest, of which a server knows nothing.
            [sys.executable, "-P", child.__file__],
            env=clean_environment({"PYTHONPATH": path}),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            text=True,
        )
    assert process.stdin is not None
    server = ServerProcess(process, log)
    try:
        process.stdin.write(json.dumps(asked, default=_plain) + "\n")
        process.stdin.flush()
        try:
            server.wait_until_started()
        except AssertionError as exc:
            if process.poll() == child.MISUSED:
                raise ConfigError(_without_events(server.log_text())) from exc
            raise
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdin.close()


def _without_events(log: str) -> str:
    return "\n".join(line for line in log.splitlines() if not line.startswith("{"))


def _ask(given: tuple[Any, ...], config: Config | None, folder: Path) -> dict[str, Any]:
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


def _plain(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


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
