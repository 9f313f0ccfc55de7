"""Servers and readers, each a process of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

HERE = Path(__file__).parent
PROGRAM = Path(sysconfig.get_path("scripts"), "flightstream")


@frozen
class Running:
    """A server.

    Args:
        address: Where it is.
        pid: Of its process.
    """

    address: str
    pid: int

    def cpu_seconds(self) -> float:
        """Return how long it has worked."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_bytes(self) -> int:
        """Return the most memory it has had."""
        return peak_bytes(self.pid)


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


@contextmanager
def flightstream(
    folder: Path, *arguments: str | Path, configuration: str = ""
) -> Iterator[Running]:
    """Run ``flightstream serve`` in a folder, with a configuration."""
    folder.mkdir(exist_ok=True)
    (folder / "flightstream.toml").write_text(configuration)
    with _started([PROGRAM, "serve", *arguments, "--port", "0"], folder) as process:
        assert process.stdout is not None
        uri = next(line.split()[-1] for line in process.stdout if " at grpc://" in line)
        yield Running(uri, process.pid)


@contextmanager
def python(script: str) -> Iterator[Running]:
    """Run a server of this folder that prints its port."""
    with _started([sys.executable, HERE / script], HERE) as process:
        assert process.stdout is not None
        address = f"grpc://localhost:{int(process.stdout.readline())}"
        yield Running(address, process.pid)


@contextmanager
def static(folder: Path) -> Iterator[Running]:
    """Serve a folder's files over HTTP: by nginx if there is one, else by Python."""
    port = _free_port()
    if nginx := shutil.which("nginx"):
        configuration = folder / "nginx.conf"
        configuration.write_text(_NGINX.format(port=port, folder=folder))
        command = [nginx, "-c", configuration, "-g", f"pid {folder}/nginx.pid;"]
    else:
        command = [sys.executable, "-m", "http.server", str(port), "--directory", folder]
        command += ["--bind", "127.0.0.1"]
    with _started(command, folder) as process:
        _wait_for(port)
        yield Running(f"http://127.0.0.1:{port}", process.pid)


@contextmanager
def roapi(folder: Path, name: str) -> Iterator[Running]:
    """Run roapi with a CSV file of a folder, which it reads anew for each call."""
    port = _free_port()
    table = {"name": Path(name).stem, "uri": str(folder / name)}
    option = {"format": "csv", "use_memory_table": False}
    configuration = folder / "roapi.yaml"
    configuration.write_text(json.dumps({"tables": [{**table, "option": option}]}))
    program = Path(sysconfig.get_path("scripts"), "roapi")
    command = [program, "--addr-http", f"127.0.0.1:{port}", "--config", configuration]
    with _started(command, folder) as process:
        _wait_for(port)
        yield Running(f"http://127.0.0.1:{port}", process.pid)


@frozen
class Reader:
    """A process that reads a flight or a file in one way, whenever it is told to."""

    process: "subprocess.Popen[str]"

    def begin(self) -> None:
        """Let it read."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> dict[str, float]:
        """Return what it says of the reading, once that is over."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} failed")
        told: dict[str, float] = json.loads(line)
        return told


@contextmanager
def reader(way: str, address: str, name: str, pause_seconds: float = 0.0) -> Iterator[Reader]:
    """Start a process that reads in one of the ways of ``ways.py``."""
    command = [sys.executable, HERE / "ways.py", way, address, name, str(pause_seconds)]
    with _started(command, HERE, stderr=None) as process:
        yield Reader(process)


def run(script: str, *arguments: str) -> str:
    """Run a script of this folder to its end; return what it prints."""
    with _started([sys.executable, HERE / script, *arguments], HERE, stderr=None) as process:
        assert process.stdout is not None
        return process.stdout.read()


_NGINX = """
daemon off;
worker_processes 2;
events {{}}
http {{
    sendfile on;
    access_log off;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


@contextmanager
def _started(
    command: Sequence[str | Path], folder: Path, *, stderr: int | None = subprocess.DEVNULL
) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
