"""What pip installs serves and reads, far away from the source tree."""

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ = """
import sys
import pyarrow.flight as flight

with flight.connect(sys.argv[1]) as client:
    client.wait_for_available(timeout=30)
    for name in ("airlines", "flights"):
        print(name, client.do_get(flight.Ticket(name.encode())).read_all().num_rows)
"""

pytestmark = pytest.mark.timeout(600)


def test_wheel_holds_its_package_and_licence_alone(
    wheels: list[Path], plugin_names: list[str]
) -> None:
    tops = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        distribution = wheel.name.split("-")[0]
        tops[distribution] = {n.split("/")[0] for n in names if ".dist-info/" not in n}
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
        assert any(name.endswith("/py.typed") for name in names)

    plugins = {name.replace("-", "_") for name in plugin_names}
    assert tops == {"flightstream_core": {"flightstream"}} | {name: {name} for name in plugins}


def test_installed_server_is_read_by_pyarrow(
    install: Callable[..., Path],
    plugin_names: list[str],
    serve: Callable[..., str],
    tmp_path: Path,
) -> None:
    programs = install(*plugin_names)  # and the core with them
    address = serve(programs, ROOT / "data")

    read = subprocess.run(
        [programs / "python", "-c", READ, address],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    assert read.stdout.split() == ["airlines", "16", "flights", "336776"]
