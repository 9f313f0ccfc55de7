"""What ``flightstream plugins new`` writes, as its author builds, installs and serves it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

KINDS = ("adapter", "storage", "auth", "observer")
TOKEN = "ada-0123456789abcdef"
READ = """
import sys
from contextlib import suppress
from pyarrow import flight

address, path, *token = sys.argv[1:]
headers = [(b"authorization", b"Bearer " + one.encode()) for one in token]
options = flight.FlightCallOptions(headers=headers, timeout=30)
with flight.connect(address) as client:
    with suppress(flight.FlightUnauthenticatedError):  # it answers
        client.wait_for_available(timeout=30)
    info = client.get_flight_info(flight.FlightDescriptor.for_path(*path.split("/")), options)
    print(client.do_get(info.endpoints[0].ticket, options).read_all().to_pydict())
"""

pytestmark = pytest.mark.timeout(600)
each_kind = pytest.mark.parametrize("kind", KINDS)


@dataclass(frozen=True)
class Author:
    """An environment with the core, the kit and a new plugin of each kind."""

    programs: Path
    folder: Path

    def project(self, kind: str) -> Path:
        """Return the folder of a plugin."""
        return self.folder / f"flightstream-my-{kind}"

    def run(self, *command: Any, cwd: Path, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run a program of the environment to its end."""
        return subprocess.run(
            [self.programs / command[0], *command[1:]],
            cwd=cwd,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def read(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Read a flight with nothing but pyarrow."""
        return self.run("python", "-c", READ, *arguments, cwd=self.folder)


@pytest.fixture(scope="module")
def author(
    install: Callable[..., Path],
    build: Callable[..., list[Path]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Author:
    """An author who has begun, built and installed a plugin of each kind."""
    begun = Author(install("flightstream-core[testing]"), tmp_path_factory.mktemp("author"))
    for kind in KINDS:
        arguments = ("plugins", "new", f"my-{kind}", "--kind", kind)
        done = begun.run("flightstream", *arguments, cwd=begun.folder)
        assert done.returncode == 0, done.stderr
    copies = [shutil.copytree(begun.project(kind), begun.folder / "build" / kind) for kind in KINDS]
    wheels = build(begun.folder / "wheels", *copies)
    pip = ("-m", "pip", "install", "-q", "--no-deps", "--no-index")
    done = begun.run("python", *pip, *wheels, cwd=begun.folder)
    assert done.returncode == 0, done.stderr
    return begun


@each_kind
def test_a_new_plugin_passes_its_own_tests(author: Author, kind: str) -> None:
    done = author.run("python", "-m", "pytest", "-q", "-W", "error", cwd=author.project(kind))

    assert done.returncode == 0, done.stdout


def test_new_plugins_are_listed(author: Author, tmp_path: Path) -> None:
    done = author.run("flightstream", "plugins", "list", "--json", cwd=tmp_path)

    listed = {
        plugin["name"]: (plugin["distribution"], plugin["version"], plugin["state"])
        for plugin in json.loads(done.stdout)
    }
    assert listed == {
        "my_adapter": ("flightstream-my-adapter", "0.1.0", "active"),
        "my_auth": ("flightstream-my-auth", "0.1.0", "disabled"),
        "my_observer": ("flightstream-my-observer", "0.1.0", "disabled"),
        "my_storage": ("flightstream-my-storage", "0.1.0", "active"),
    }


@each_kind
def test_the_configuration_of_the_readme_is_right(
    author: Author, kind: str, tmp_path: Path
) -> None:
    readme = (author.project(kind) / "README.md").read_text("utf-8")
    (tmp_path / "flightstream.toml").write_text(re.findall(r"```toml\n(.*?)```", readme, re.S)[0])
    (tmp_path / "data/2024/sales").mkdir(parents=True)
    (tmp_path / "reports.token").write_text("reports-0123456789abcdef")

    done = author.run("flightstream", "check", cwd=tmp_path, ADA_TOKEN=TOKEN)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_new_adapter_and_a_new_storage_serve(
    author: Author, serve: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/orders.jsonl").write_text('{"id": 1, "city": "Oslo"}\n{"id": 2}\n')
    by_folder = serve(author.programs, tmp_path)
    by_uri = serve(author.programs, "my-storage://deep")

    read = [author.read(by_folder, "deep/orders"), author.read(by_uri, "orders")]

    expected = "{'id': [1, 2], 'city': ['Oslo', None]}\n"
    assert [done.stdout for done in read] == [expected] * 2, read


def test_a_new_authenticator_lets_in_who_has_a_token(
    author: Author, serve: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "orders.jsonl").write_text('{"id": 1}\n')
    (tmp_path / "flightstream.toml").write_text(
        '[plugins.my_auth.users.ada]\ntoken = { env = "ADA_TOKEN" }\n[sources]\nhere = "."\n'
    )
    address = serve(author.programs, ADA_TOKEN=TOKEN)

    let_in, stranger, guess = (
        author.read(address, "orders", *token) for token in ([TOKEN], [], [f"{TOKEN}0"])
    )

    assert let_in.stdout == "{'id': [1]}\n", let_in.stderr
    assert "FlightUnauthenticatedError" in stranger.stderr
    assert "FlightUnauthenticatedError" in guess.stderr


def test_a_new_observer_writes_a_line_for_each_call(
    author: Author, serve: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "orders.jsonl").write_text('{"id": 1}\n{"id": 2}\n')
    (tmp_path / "flightstream.toml").write_text(
        '[plugins.my_observer]\nfile = "calls.log"\n[sources]\nhere = "."\n'
    )
    address = serve(author.programs)
    author.read(address, "orders")

    written: list[tuple[Any, ...]] = []
    wanted = ("DoGet", "ok", "here/orders", 2)
    deadline = time.monotonic() + 30
    while wanted not in written and time.monotonic() < deadline:
        calls = [json.loads(line) for line in (tmp_path / "calls.log").read_text().splitlines()]
        fields = ("method", "code", "flight", "rows")
        written = [tuple(call[field] for field in fields) for call in calls]
        time.sleep(0.01)
    assert wanted in written


@pytest.mark.parametrize(
    ("module", "right", "broken", "laws"),
    [
        pytest.param(
            "adapter",
            "for file in self.source.files(*self.pattern, ignore_case=True):",
            "KEPT.append(0)\n"
            "        files = list(self.source.files(*self.pattern, ignore_case=True))\n"
            "        for file in files[:: (-1) ** len(KEPT)]:",
            {"test_listing_is_repeatable"},
            id="every other listing is reversed",
        ),
        pytest.param(
            "records",
            "with file.open() as opened, io.BufferedReader(opened) as lines:",
            "lines = io.BufferedReader(file.open())\n    KEPT.append(lines)\n    if True:",
            {
                "test_a_failing_stream_frees_everything",
                "test_a_stream_never_read_holds_nothing",
                "test_cancel_frees_every_handle",
                "test_early_close_frees_everything",
                "test_listing_closes_everything",
                "test_reading_closes_everything",
                "test_shutdown_closes_everything",
            },
            id="every file is left open",
        ),
    ],
)
def test_a_fault_is_found_by_the_laws_that_it_breaks(
    author: Author, tmp_path: Path, module: str, right: str, broken: str, laws: set[str]
) -> None:
    folder = shutil.copytree(author.project("adapter"), tmp_path / "copy")
    file = folder / f"src/flightstream_my_adapter/{module}.py"
    code = file.read_text("utf-8")
    assert code.count(right) == 1
    file.write_text(f"{code.replace(right, broken)}\n\nKEPT = []\n", "utf-8")

    # What is in PYTHONPATH comes before what is installed.
    command = ("python", "-m", "pytest", "-q", "--tb=no", "-rf")
    done = author.run(*command, cwd=folder, PYTHONPATH=str(folder / "src"))

    failed = re.findall(r"^FAILED .*::(\w+)", done.stdout, re.M)
    assert set(failed) == laws, done.stdout


@each_kind
@pytest.mark.parametrize("name", ["x", "my-lake", "just-as-long-as-allowed"])
def test_a_new_plugin_is_formatted_linted_and_typed(
    author: Author, tmp_path: Path, kind: str, name: str
) -> None:
    author.run("flightstream", "plugins", "new", name, "--kind", kind, cwd=tmp_path)
    folder = tmp_path / f"flightstream-{name}"

    for command in (
        ("ruff", "format", "--check"),
        ("ruff", "check"),
        ("mypy", "--python-executable", author.programs / "python"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**os.environ, "MYPY_CACHE_DIR": os.fspath(author.folder / "mypy")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
