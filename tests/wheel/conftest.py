"""Wheels of this tree, environments that they are installed in, and servers that run there."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = [path.name for path in sorted((ROOT / "plugins").iterdir())]
BIN = "Scripts" if os.name == "nt" else "bin"


def build_wheels(folder: Path, *projects: Path) -> list[Path]:
    """Build the wheels of some folders into another, with the setuptools that is here."""
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", folder, *projects], check=True)
    return sorted(folder.iterdir())


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of a copy of the tree, where no older build is left over."""
    copy = tmp_path_factory.mktemp("copy") / "tree"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info"))
    return build_wheels(copy / "wheels", copy, *(copy / "plugins" / name for name in PLUGINS))


@pytest.fixture(scope="session")
def plugin_names() -> list[str]:
    """The distributions of the tree's plugins."""
    return PLUGINS


@pytest.fixture(scope="session")
def build() -> Callable[..., list[Path]]:
    """Return a function that builds wheels into a folder."""
    return build_wheels


@pytest.fixture(scope="session")
def install(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that installs by name, and returns where the programs are."""

    def install(*requirements: str) -> Path:
        environment = tmp_path_factory.mktemp("installed")
        venv.create(environment, with_pip=True)
        pip = [environment / BIN / "python", "-m", "pip", "install", "-q", "--no-compile"]
        subprocess.run([*pip, "--find-links", wheels[0].parent, *requirements], check=True)
        return environment / BIN

    return install


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Return a function that runs an installed ``flightstream serve`` and returns its address.

    At the end of the test each server is told to stop, and has to do so well.
    """
    with ExitStack() as stack:

        def start(programs: Path, *arguments: Any, cwd: Path = tmp_path, **env: str) -> str:
            return stack.enter_context(_serving(programs, arguments, cwd, env))

        yield start


@contextmanager
def _serving(
    programs: Path, arguments: tuple[Any, ...], cwd: Path, env: dict[str, str]
) -> Iterator[str]:
    port = _free_port()
    command = [programs / "flightstream", "serve", *arguments, "--port", str(port)]
    with subprocess.Popen(command, cwd=cwd, env={**os.environ, **env}) as server:
        try:
            yield f"grpc://localhost:{port}"
            server.send_signal(signal.SIGTERM)
            assert server.wait(30) == 0
        finally:
            server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port: int = probe.getsockname()[1]
        return port
