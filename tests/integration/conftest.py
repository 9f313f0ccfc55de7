"""The command line as its users have it: processes, signals and real ports."""

import os
import signal
import subprocess
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import pytest

from flightstream.cli.program import run
from flightstream.testing.process import ServerProcess, clean_environment


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> None:
    """Let commands be interrupted where tests run in the background: shells switch it off there."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


PROGRAM = Path(sysconfig.get_path("scripts"), "flightstream")

# A kind of file of its own: what is served is in the name of each file.
TOY = '''
import time
from pathlib import Path

import pyarrow as pa
from flightstream import (
    Flight, Identity, NotFound, Source, Unauthenticated, adapter, hookimpl, option, service
)

SCHEMA = pa.schema([pa.field("id", pa.int64(), nullable=False), ("name", pa.string())])


@adapter
class ToyAdapter:
    """Serves files that say how many rows they have."""

    source: Source
    batch_rows: int = option(1000, help="rows in a batch", minimum=1, env="TOY_BATCH_ROWS")
    hold_start: str = option("", help="a file that must go before the server starts")

    @hookimpl
    def on_startup(self, server):
        if self.hold_start:
            Path("held").touch()
        while self.hold_start and Path(self.hold_start).exists():
            time.sleep(0.01)

    @hookimpl
    def on_shutdown(self):
        print("toy stopped", flush=True)

    @hookimpl
    def list_flights(self):
        for file in self.source.files("**/*.toy"):
            yield Flight(file.stem, origin=file, version=file.version, total_bytes=file.size)

    @hookimpl
    def get_schema(self, flight):
        return SCHEMA

    @hookimpl
    def stream_batches(self, flight, request):
        rows = int(flight.origin.open().read())
        for start in range(0, rows, self.batch_rows):
            ids = range(start, min(rows, start + self.batch_rows))
            if start and flight.name[-1].startswith("failing"):
                raise NotFound("the rest is gone")
            while flight.name[-1].startswith("held") and Path("hold").exists():
                time.sleep(0.01)
            if flight.name[-1].startswith("skipping"):
                request.counts.add("skipped_rows")
            names = [f"[red]n{i}\\x1b[31m" for i in ids]
            yield pa.record_batch([pa.array(ids, pa.int64()), names], SCHEMA)


@service
class Ada:
    @hookimpl
    def authenticate(self, credentials):
        if credentials.headers.get("authorization") != ("Bearer s3cret",):
            raise Unauthenticated("no such token")
        return Identity("ada")
'''


class Servers:
    """Starts servers, and kills those that still run at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def start(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        wait: bool = True,
    ) -> ServerProcess:
        """Start one; see :func:`serve_process`."""
        log = self._folder / f".serve-{len(self._started)}.log"
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [PROGRAM, "serve", "--port", "0", *arguments],
                cwd=cwd or self._folder,
                env=clean_environment(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self._started.append(process)
        server = ServerProcess(process, log)
        if wait:
            server.wait_until_started()
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def serve_process(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Return a function that starts ``flightstream serve`` on a free port.

    Its arguments are those of the command; ``cwd`` is by default ``tmp_path``,
    ``env`` is added to the environment. ``wait=False`` returns before it listens.
    Whatever still runs at the end of the test is killed.
    """
    with Servers(tmp_path) as servers:
        yield servers.start


@pytest.fixture
def start_cli(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts any ``flightstream`` command, by default in ``tmp_path``."""
    started: list[subprocess.Popen[str]] = []

    def start(
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        **kwargs: Any,
    ) -> subprocess.Popen[str]:
        streams = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=cwd or tmp_path,
            env=clean_environment(env),
            text=True,
            **{"stdin": subprocess.DEVNULL, **streams, **kwargs},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def cli(
    start_cli: Callable[..., subprocess.Popen[str]],
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs ``flightstream`` to its end."""

    def run(*arguments: str | Path, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        process = start_cli(*arguments, **kwargs)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function like ``cli`` for this process, where another one is not the point."""

    def call(
        *arguments: str | Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        out, err = (TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with (
            chdir(tmp_path),
            patch.dict(os.environ, clean_environment(env), clear=True),
            # Another test in this process may have set up logs, which no command but serve does.
            patch("structlog.is_configured", return_value=False),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run([os.fspath(argument) for argument in arguments])
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), err.read())

    return call


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """Return a folder with ``toy.py``, for ``--plugin toy:ToyAdapter``, and a folder ``toys``."""
    return write_toys(tmp_path)


@pytest.fixture(scope="module")
def toy_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Return a server of a folder ``toys`` that tests share and leave as it is."""
    folder = write_toys(tmp_path_factory.mktemp("shared"))
    with Servers(folder) as servers:
        yield servers.start("toys", "--plugin", "toy:ToyAdapter")


def write_toys(folder: Path) -> Path:
    (folder / "toy.py").write_text(TOY)
    (folder / "toys" / "deep").mkdir(parents=True)
    for name, number in {"three": 3, "deep/many": 2500, "none": 0}.items():
        (folder / "toys" / f"{name}.toy").write_text(str(number))
    return folder
