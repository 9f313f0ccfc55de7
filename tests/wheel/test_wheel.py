"""What pip installs serves and reads, far away from the source tree."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = [path.name for path in sorted((ROOT / "plugins").iterdir())]
BIN = "Scripts" if os.name == "nt" else "bin"
READ = """
import sys
import pyarrow.flight as flight

with flight.connect(sys.argv[1]) as client:
    client.wait_for_available(timeout=30)
    for name in ("airlines", "flights"):
        print(name, client.do_get(flight.Ticket(name.encode())).read_all().num_rows)
"""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of a copy of the tree, where no older build is left over."""
    copy = tmp_path_factory.mktemp("copy") / "tree"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info"))
    folders = [copy, *(copy / "plugins" / name for name in PLUGINS)]
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
    ]
    subprocess.run([*pip, "-w", copy / "wheels", *folders], check=True)
    return sorted((copy / "wheels").iterdir())


@pytest.fixture(scope="module")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that got the plugins by name, and the core with them."""
    environment = tmp_path_factory.mktemp("installed")
    venv.create(environment, with_pip=True)
    pip = [environment / BIN / "python", "-m", "pip", "install", "-q"]
    subprocess.run([*pip, "--find-links", wheels[0].parent, *PLUGINS], check=True)
    return environment / BIN


@pytest.fixture
def address(installed: Path, tmp_path: Path) -> Iterator[str]:
    """Where an installed server serves the sample data."""
    port = _free_port()
    command = [installed / "flightstream", "serve", ROOT / "data", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path) as server:
        try:
            yield f"grpc://localhost:{port}"
            server.send_signal(signal.SIGTERM)
            assert server.wait(30) == 0
        finally:
            server.kill()


def test_wheel_holds_its_package_and_licence_alone(wheels: list[Path]) -> None:
    tops = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        distribution = wheel.name.split("-")[0]
        tops[distribution] = {n.split("/")[0] for n in names if ".dist-info/" not in n}
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
        assert any(name.endswith("/py.typed") for name in names)

    plugins = {name.replace("-", "_") for name in PLUGINS}
    assert tops == {"flightstream_core": {"flightstream"}} | {name: {name} for name in plugins}


def test_installed_server_is_read_by_pyarrow(installed: Path, address: str, tmp_path: Path) -> None:
    python = installed / "python"

    read = subprocess.run(
        [python, "-c", READ, address],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    assert read.stdout.split() == ["airlines", "16", "flights", "336776"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]
