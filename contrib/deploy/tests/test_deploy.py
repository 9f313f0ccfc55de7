"""The files of this folder are what their readers want, and Envoy does what it is here for."""

import json
import shutil
import socket
import subprocess
import sysconfig
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import flightstream
from flightstream import FlightStreamError
from flightstream.testing import ServerProcess

pytest_plugins = ["flightstream.testing"]

FOLDER = Path(__file__).parents[1]
DEADLINE_SECONDS = 30
INSTALL = "run `tox -e deploy`, which installs it"


def program(name: str) -> str:
    found = shutil.which(name, path=sysconfig.get_path("scripts"))
    if found is None:
        pytest.skip(f"{name} is not here: {INSTALL}")
    return found


def checked(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_dockerfile_has_nothing_to_complain_of() -> None:
    checked(program("hadolint"), FOLDER / "Dockerfile")


def test_compose_file_is_one() -> None:
    checked(
        program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec",
        FOLDER / "compose.yaml",
    )  # fmt: skip


def test_manifests_are_those_of_kubernetes() -> None:
    checked(program("kubernetes-validate"), "--strict", FOLDER / "kubernetes.yaml")


def test_configurations_are_right(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml", reason=INSTALL)
    manifests = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text()))
    [config] = [one for one in manifests if one["kind"] == "ConfigMap"]
    for text in (config["data"]["flightstream.toml"], (FOLDER / "flightstream.toml").read_text()):
        assert tomllib.loads(text)["sources"]["data"]["uri"] == "/data"
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "a.csv").write_text("n\n1\n")
        (tmp_path / "flightstream.toml").write_text(text.replace('"/data"', '"data"'))
        checked(program("flightstream"), "check", tmp_path / "flightstream.toml")


@pytest.fixture
def ports() -> list[int]:
    """Six ports that are free now."""
    probes = [socket.socket() for _ in range(6)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    found = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return found


@pytest.fixture
def servers(
    serve: Callable[..., Any], tmp_path: Path, ports: list[int]
) -> dict[str, ServerProcess]:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(1000)))
    return {
        name: serve(
            tmp_path / "data",
            config={"server": {"port": flight}, "plugins": {"metrics": {"port": metrics}}},
        ).server
        for name, flight, metrics in zip(("one", "two"), ports[:2], ports[2:4], strict=True)
    }


@pytest.fixture
def envoy(servers: dict[str, ServerProcess], ports: list[int], tmp_path: Path) -> Iterator[str]:
    """The Envoy of this folder, with the ports of this machine; its URI."""
    yaml = pytest.importorskip("yaml", reason=INSTALL)
    config = yaml.safe_load((FOLDER / "envoy.yaml").read_text())
    config["admin"]["address"]["socket_address"]["port_value"] = ports[4]
    [listener] = config["static_resources"]["listeners"]
    listener["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": ports[5]}
    [cluster] = config["static_resources"]["clusters"]
    [locality] = cluster["load_assignment"]["endpoints"]
    for number, one in enumerate(locality["lb_endpoints"]):
        address = one["endpoint"]["address"]["socket_address"]
        assert (address["address"], address["port_value"]) == (list(servers)[number], 8080)
        address |= {"address": "localhost", "port_value": ports[number]}
        one["endpoint"]["health_check_config"]["port_value"] = ports[2 + number]
    (tmp_path / "envoy.json").write_text(json.dumps(config))
    with (tmp_path / "envoy.log").open("w") as log:
        process = subprocess.Popen(
            [program("envoy"), "-c", tmp_path / "envoy.json", "--concurrency", "1"],
            stdout=log,
            stderr=log,
        )
    yield f"grpc://localhost:{ports[5]}"
    process.kill()
    process.wait()


def wait_for(what: str, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def reads(client: flightstream.Client) -> bool:
    try:
        return client.read("data/rows")["n"].to_pylist() == list(range(1000))
    except FlightStreamError:
        return False


def calls(server: ServerProcess) -> int:
    return sum(line["event"] == "call_finished" for line in server.log_lines())


def test_envoy_spreads_calls_and_leaves_out_who_is_not_ready(
    servers: dict[str, ServerProcess], envoy: str
) -> None:
    one, two = servers.values()
    with flightstream.connect(envoy) as client:
        wait_for("Envoy sends calls to a server", lambda: reads(client))
        wait_for("both have calls", lambda: reads(client) and calls(one) > 0 and calls(two) > 0)

        two.process.terminate()
        two.process.wait(DEADLINE_SECONDS)

        wait_for("Envoy has noticed", lambda: all(reads(client) for _ in range(5)))
        assert pa.table({"n": range(1000)}) == client.read("data/rows")
