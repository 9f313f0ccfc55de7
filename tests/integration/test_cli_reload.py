"""SIGHUP while ``serve`` runs: with clients, with mistakes, and many times."""

import os
import pty
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.flight
import pytest
from attrs import define, field

from flightstream.testing.process import ServerProcess, clean_environment

DEADLINE_SECONDS = 30.0
PLUGINS = '''
import time
from pathlib import Path

import pyarrow as pa
from attrs import field
from flightstream import (
    Flight, Grant, Identity, Secret, Source, Unauthenticated, adapter, hookimpl, option, service
)

SCHEMA = pa.schema([("says", pa.string()), ("n", pa.int64()), ("odd", pa.int64())])


@adapter
class SayAdapter:
    """Serves one flight, whose every row says what is configured."""

    source: Source
    says: str = option("v0", help="what the rows say")
    rows: int = option(20_000, help="how many there are")
    slow_start: str = option("", help="a file that must be there for it to start")

    @hookimpl
    def on_startup(self):
        if self.slow_start:
            Path("held").touch()
        while self.slow_start and not Path(self.slow_start).exists():
            time.sleep(0.01)

    @hookimpl
    def list_flights(self):
        return [Flight("a", version="1")]

    @hookimpl
    def get_schema(self):
        return SCHEMA

    @hookimpl
    def stream_batches(self):
        for start in range(0, self.rows, 500):
            ids = range(start, start + 500)
            yield pa.record_batch([[self.says] * 500, ids, ids], SCHEMA)


@service
class GateService:
    """Hides columns, and lets in who brings the token."""

    hidden: tuple[str, ...] = option((), help="columns that nobody sees")
    token: Secret | None = option(None, help="who brings it may read")

    @hookimpl
    def authenticate(self, credentials):
        given = credentials.headers.get("authorization")
        if self.token is not None and given != (f"Bearer {self.token.reveal()}",):
            raise Unauthenticated("no such token")
        return Identity("ada")

    @hookimpl
    def authorize(self, operation):
        return Grant(hidden=set(self.hidden)) if operation == "read" else None


@service
class FailService:
    """Fails to start where it is told to."""

    fails: bool = option(False, help="whether it does")

    @hookimpl
    def on_startup(self):
        if self.fails:
            raise RuntimeError("s3cr3t")
'''


@define(eq=False)
class Reloaded:
    """A server, its configuration, and how often it has been reloaded."""

    server: ServerProcess
    file: Path
    _asked: int = field(default=0, init=False)

    def reload(self, text: str) -> dict[str, Any]:
        """Write another configuration, send SIGHUP, and return what the log says in the end."""
        self.file.write_text(text)
        self._asked += 1
        self.server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(ended := self.ended()) < self._asked:
            assert time.monotonic() < deadline, self.server.log_text()
            time.sleep(0.005)
        return ended[-1]

    def ended(self) -> list[dict[str, Any]]:
        """Return how the reloads so far have ended."""
        wanted = ("reloaded", "reload_refused")
        return [line for line in self.server.log_lines() if line["event"] in wanted]

    def read(self, name: str = "a", token: str = "") -> pa.Table:
        """Read a flight by a client of its own."""
        headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
        options = pyarrow.flight.FlightCallOptions(timeout=DEADLINE_SECONDS, headers=headers)
        with pyarrow.flight.connect(self.server.uri) as client:
            return client.do_get(pyarrow.flight.Ticket(name), options).read_all()


def configured(says: str = "v0", hidden: str = "", more: str = "", sources: str = "s = '.'") -> str:
    return f"""
        [log]
        format = "json"
        [plugins.say]
        says = "{says}"
        [plugins.gate]
        hidden = [{hidden}]
        {more}
        [sources]
        {sources}
        """


@pytest.fixture
def reloaded(tmp_path: Path, serve_process: Callable[..., ServerProcess]) -> Reloaded:
    (tmp_path / "mine.py").write_text(PLUGINS)
    file = tmp_path / "flightstream.toml"
    file.write_text(configured())
    names = ("SayAdapter", "GateService", "FailService")
    plugins = [text for name in names for text in ("--plugin", f"mine:{name}")]
    return Reloaded(serve_process(*plugins), file)


@define(eq=False)
class Reader:
    """Reads without pause until it is told to stop, and notes what it has seen."""

    uri: str
    enough: threading.Event = field(factory=threading.Event)
    seen: list[tuple[str, bool]] = field(factory=list, init=False)
    errors: list[str] = field(factory=list, init=False)

    def run(self) -> None:
        with pyarrow.flight.connect(self.uri) as client:
            while not self.enough.is_set() and not self.errors:
                try:
                    table = client.do_get(pyarrow.flight.Ticket("s/a")).read_all()
                except pa.ArrowException as exc:
                    self.errors.append(str(exc))
                    return
                says = set(table["says"].to_pylist())
                if len(says) != 1 or table["n"].to_pylist() != list(range(20_000)):
                    self.errors.append(f"{table.num_rows} rows say {says}")
                self.seen.append((says.pop(), "odd" in table.column_names))


@pytest.fixture
def readers(reloaded: Reloaded) -> Iterator[list[Reader]]:
    found = [Reader(reloaded.server.uri) for _ in range(4)]
    threads = [threading.Thread(target=reader.run) for reader in found]
    for thread in threads:
        thread.start()
    yield found
    for reader in found:
        reader.enough.set()
    for thread in threads:
        thread.join()


def test_clients_that_read_all_the_time_see_one_configuration_after_the_other(reloaded, readers):
    with pyarrow.flight.connect(reloaded.server.uri) as client:
        slow = client.do_get(pyarrow.flight.Ticket("s/a"))
        rows = slow.read_chunk().data.to_pylist()

        for number in range(1, 11):
            hidden = '"odd"' if number % 2 else ""
            sources = "s = '.'\n" + ("t = '.'" if number % 3 else "u = '.'")
            reloaded.reload(configured(f"v{number}", hidden, sources=sources))
            table = reloaded.read("s/a")
            assert set(table["says"].to_pylist()) == {f"v{number}"}
            assert ("odd" in table.column_names) == (number % 2 == 0)
            assert reloaded.read("t/a" if number % 3 else "u/a").num_rows == 20_000
            rows += slow.read_chunk().data.to_pylist()
        rows += slow.read_all().to_pylist()

    for reader in readers:
        reader.enough.set()
    assert rows == [{"says": "v0", "n": n, "odd": n} for n in range(20_000)]
    for reader in readers:
        assert reader.errors == []
        numbers = [int(says[1:]) for says, _ in reader.seen]
        assert numbers == sorted(numbers)
        assert all(has_odd == (int(says[1:]) % 2 == 0) for says, has_odd in reader.seen)
    assert [line["event"] for line in reloaded.ended()] == ["reloaded"] * 10


def test_a_broken_configuration_is_told_whole_and_the_old_one_goes_on(reloaded):
    broken = configured("v1").replace("[log]", "[server]\nbatch_bytes = -1\n[log]\nlevl = 'info'")
    refused = reloaded.reload(broken.replace("s = '.'", "s = 'gone/'"))
    assert refused["event"] == "reload_refused"
    assert [problem.split(": ")[1] for problem in refused["problems"]] == [
        "server.batch_bytes",
        "log.levl",
        "sources.s.uri",
    ]
    assert reloaded.reload("[sources")["event"] == "reload_refused"
    failing = reloaded.reload(configured("v1", more="[plugins.fail]\nfails = true"))
    assert failing["problems"] == ["the plugin 'fail' failed in on_startup"]
    assert "s3cr3t" not in str(failing)

    assert set(reloaded.read()["says"].to_pylist()) == {"v0"}
    assert reloaded.reload(configured("v1"))["event"] == "reloaded"
    assert set(reloaded.read()["says"].to_pylist()) == {"v1"}


def test_another_token_holds_for_the_next_call(reloaded, tmp_path):
    token = tmp_path / "token"
    text = configured(more=f"token = {{ file = '{token}' }}")
    for good, bad in (("one", "two"), ("two", "one")):
        token.write_text(good)
        reloaded.reload(text)
        assert reloaded.read(token=good).num_rows == 20_000
        with pytest.raises(pyarrow.flight.FlightUnauthenticatedError, match="no such token"):
            reloaded.read(token=bad)


def test_the_level_of_the_log_changes(reloaded):
    reloaded.read()
    assert reloaded.server.wait_for("call_finished")["level"] == "info"
    text = configured().replace("[log]", '[log]\nlevel = "warning"')
    reloaded.reload(text)
    lines = len(reloaded.server.log_lines())
    reloaded.read()
    reloaded.file.write_text(text.replace("s = '.'", "s = 'gone/'"))
    reloaded.server.process.send_signal(signal.SIGHUP)

    assert reloaded.server.wait_for("reload_refused")["level"] == "error"
    assert [line["event"] for line in reloaded.server.log_lines()[lines:]] == ["reload_refused"]


def test_a_file_that_was_not_there_at_the_start_is_read(toys, serve_process):
    server = serve_process("--plugin", "toy:ToyAdapter", env={"DATA_DIRECTORY": "toys"})
    (toys / "flightstream.toml").write_text("[sources]\nall = 'toys'\n[server]\nport = 4\n")
    server.process.send_signal(signal.SIGHUP)

    assert server.wait_for("reloaded")["sources"] == ["all"]
    with pyarrow.flight.connect(server.uri) as client:
        assert client.do_get(pyarrow.flight.Ticket("all/three")).read_all().num_rows == 3
    warned = server.wait_for("configuration_warning")
    assert (
        warned["problem"] == "environment DATA_DIRECTORY: sources: ignored: sources are configured"
    )


def test_what_needs_a_restart_is_told(reloaded):
    text = configured().replace("[log]", "[server]\nhost = '127.0.0.1'\n[log]")
    assert reloaded.reload(text)["event"] == "reloaded"

    assert reloaded.server.wait_for("restart_needed")["keys"] == ["server.host"]


def test_a_signal_while_it_starts_is_a_reload_once_it_runs(tmp_path, serve_process):
    (tmp_path / "mine.py").write_text(PLUGINS)
    file = tmp_path / "flightstream.toml"
    file.write_text(f"[sources]\ns = '.'\n[plugins.say]\nslow_start = '{tmp_path / 'go'}'\n")
    server = serve_process(
        "--plugin", "mine:SayAdapter", "--plugin", "mine:GateService", wait=False
    )
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (tmp_path / "held").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    file.write_text(configured("v1"))
    server.process.send_signal(signal.SIGHUP)
    (tmp_path / "go").touch()

    server.wait_until_started()
    assert server.wait_for("reloaded")["sources"] == ["s"]


def test_fifty_reloads_leave_nothing_behind(reloaded):
    def reload_often(times: int) -> None:
        for number in range(times):
            sources = "s = '.'\n" + "".join(f"s{n} = '.'\n" for n in range(number % 5))
            assert reloaded.reload(configured(f"v{number}", sources=sources))["event"] == "reloaded"
            reloaded.read("s/a")

    def held() -> tuple[int, int]:
        tasks = os.listdir(f"/proc/{reloaded.server.pid}/task")
        return len(tasks), reloaded.server.open_files()

    reload_often(15)
    threads, files = held()
    memory = reloaded.server.memory_bytes()
    reload_often(50)

    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (held()[0] <= threads and held()[1] <= files):
        assert time.monotonic() < deadline, (held(), (threads, files))
        time.sleep(0.1)
    grown = reloaded.server.memory_bytes() - memory
    assert grown < 16 * 2**20, f"{grown / 2**20:.1f} MiB more"


TAKES_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup may have switched it off
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_terminal_that_closes_ends_the_server(toys):
    program = Path(sysconfig.get_path("scripts"), "flightstream")
    serve = [program, "serve", "--port", "0", "toys", "--plugin", "toy:ToyAdapter"]
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", TAKES_TERMINAL, *serve],
        cwd=toys,
        env=clean_environment(),
        start_new_session=True,
        **dict.fromkeys(("stdin", "stdout", "stderr"), slave),
    )
    os.close(slave)
    try:
        shown = b""
        while b"FlightStream serves" not in shown:
            shown += os.read(master, 4096)
        os.close(master)
        assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
