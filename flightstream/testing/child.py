"""What runs in the process of a server that the ``serve`` fixture starts."""

import json
import os
import signal
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any, NoReturn

from flightstream.cli.lifecycle import run_until_signal
from flightstream.config import Loaded, LogConfig, load_config, load_mapping
from flightstream.errors import FlightStreamError
from flightstream.logs import configure_logs
from flightstream.server import Server

MISUSED = 2


def main() -> NoReturn:
    """Serve what the first line of standard input says, until that is closed or a signal comes."""
    asked = json.loads(sys.stdin.readline())

    def start() -> Server:
        configure_logs(LogConfig(level="debug", format="json"))
        classes = [load(**plugin) for plugin in asked["plugins"]]
        return Server(_read(asked), plugins=classes).start()

    # A test process that is killed leaves no server behind.
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        run_until_signal(start, lambda _server: None)
    except FlightStreamError as exc:
        print(exc.message, file=sys.stderr, flush=True)
        os._exit(MISUSED)


def _read(asked: dict[str, Any]) -> Loaded:
    if asked["file"] is not None:
        given = {"server.host": "localhost", "server.port": 0}
        if asked["tables"]["sources"]:
            given["sources"] = asked["tables"]["sources"]
        return load_config(asked["file"], overrides=given)
    return load_mapping(asked["tables"], working_folder=Path(asked["folder"]))


def load(module: str, file: str | None, name: str) -> Any:
    """Import a class by its module's name, or from the file where that name means another.

    Pytest's import mode ``importlib`` gives test modules names that nobody else
    can import.
    """
    found = import_module(module) if file is None or _is_at(module, file) else _run(module, file)
    loaded: Any = found
    for part in name.split("."):
        loaded = getattr(loaded, part)
    return loaded


def _is_at(module: str, file: str) -> bool:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and os.path.samefile(spec.origin, file)


def _run(module: str, file: str) -> ModuleType:
    spec = spec_from_file_location(module, file)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[module] = made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
