"""``flightstream serve abfs://…`` as people type it."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import flightstream

pytest_plugins = ["flightstream.testing"]

ROWS = "".join(f"{number},{number / 4},name {number % 97}\n" for number in range(50_000))
FILES = {
    "orders.csv": b"id,city,fare\n1,Oslo,2.5\n2,,0\n3,Bergen,-1.5\n",
    "2024/large.csv": f"id,value,name\n{ROWS}".encode(),
    "2024/größe & co.csv": b"x\n1\n",
}
DEADLINE_SECONDS = 30.0
PROGRAM = [sys.executable, "-c", "from flightstream.cli import main; main()"]


@pytest.fixture
def serve(
    tmp_path: Path, container: Any, make_config: Callable[..., Path]
) -> Iterator[Callable[..., Any]]:
    """Return a function that runs ``flightstream serve`` and connects to it."""
    started: list[subprocess.Popen[bytes]] = []
    config = make_config(plugins={"azure": container.store.options})

    def serve(*uris: str) -> Any:
        log = tmp_path / f"{len(started)}.log"
        command = [*PROGRAM, "serve", *uris, "--config", str(config), "--port", "0"]
        with log.open("w") as output:
            process = subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=output)
        started.append(process)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (found := re.search(r"grpc://[\w.]+:\d+", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        return flightstream.connect(found[0])

    yield serve
    for process in started:
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_SECONDS) == 0


def test_files_of_a_container_are_served_as_those_of_a_folder(serve, container, tmp_path) -> None:
    pytest.importorskip("flightstream_csv", reason="pip install flightstream-csv")
    pytest.importorskip("flightstream_parquet", reason="pip install flightstream-parquet")
    files = {**FILES, "2024/large.parquet": parquet()}
    container.fill(files, "lake/sales/")
    for name, content in files.items():
        path = tmp_path / "copy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    remote = serve(f"{container.uri}/lake/sales/")
    local = serve(str(tmp_path / "copy"))

    names = [flight.name.partition("/")[2] for flight in local.flights()]
    assert [flight.name for flight in remote.flights()] == [f"sales/{name}" for name in names]
    assert len(names) == len(files)
    for name in names:
        assert remote.read(f"sales/{name}").equals(local.read(f"copy/{name}"))
    asked = {"columns": ["id"], "filter": "name = 'name 7'", "limit": 5}
    for name in ("2024/large.csv", "2024/large.parquet"):
        assert remote.read(f"sales/{name}", **asked).equals(local.read(f"copy/{name}", **asked))


def parquet() -> bytes:
    """Return a file of several row groups."""
    numbers = pa.array(range(200_000), pa.int64())
    names = pc.binary_join_element_wise("name", pc.bit_wise_and(numbers, 63).cast("string"), " ")
    table = pa.table({"id": numbers, "name": names})
    output = pa.BufferOutputStream()
    pq.write_table(table, output, row_group_size=50_000)
    return output.getvalue().to_pybytes()


def flightstream_command(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_readme_has_the_table_of_options(tmp_path: Path) -> None:
    shown = flightstream_command("plugins", "show", "azure", "--markdown", folder=tmp_path)

    assert shown.stdout.strip() in (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_configuration_of_the_readme_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    toml = re.findall(r"^```toml\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)[0]
    (tmp_path / "flightstream.toml").write_text(toml)
    monkeypatch.setenv("AZURE_STORAGE_KEY", "c2VjcmV0")
    monkeypatch.setenv("PARTNER_SAS", "sv=2026-02-06&sr=c&sp=rl&sig=c2VjcmV0")

    done = flightstream_command("check", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "c2VjcmV0" not in done.stdout + done.stderr
    listed = flightstream_command("plugins", "list", "--json", folder=tmp_path)
    [used] = [one for one in json.loads(listed.stdout) if one["name"] == "azure"]
    assert (used["state"], used["distribution"]) == ("active", "flightstream-azure")
