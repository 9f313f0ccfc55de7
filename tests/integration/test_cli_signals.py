"""How ``serve`` ends."""

import ctypes
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.flight
import pytest

DRAIN = "FLIGHTSTREAM__SERVER__DRAIN_TIMEOUT_SECONDS"
ROWS = 20_000_000
READS_ONE_BATCH = """
import sys, pyarrow.flight as fl
reader = fl.connect(sys.argv[1]).do_get(fl.Ticket("big"))
reader.read_chunk()
print("reading", flush=True)
print(reader.read_all().num_rows)
"""


@pytest.fixture
def big(toys, serve_process):
    (toys / "toys" / "big.toy").write_text(str(ROWS))
    toy = (toys / "toy.py").read_text()
    # Numbers alone, as fast as can be.
    (toys / "toy.py").write_text(
        toy.replace('[f"[red]n{i}\\x1b[31m" for i in ids]', "pa.nulls(len(ids), pa.string())")
        .replace("pa.array(ids, pa.int64())", "pa.array(np.arange(ids.start, ids.stop))")
        .replace("import time", "import time\nimport numpy as np")
    )

    def start(drain_seconds):
        env = {DRAIN: str(drain_seconds), "TOY_BATCH_ROWS": "100000"}
        return serve_process("toys", "--plugin", "toy:ToyAdapter", env=env)

    return start


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_idle_server_ends_at_once(toys, serve_process, signum):
    server = serve_process("toys", "--plugin", "toy:ToyAdapter")
    server.process.send_signal(signum)

    assert server.process.wait(10) == 0
    assert server.wait_for("signal_received")["signal"] == signum.name
    stopped = server.wait_for("server_stopped")
    assert (stopped["drained"], stopped["clients_gone"], stopped["plugins_stopped"]) == (
        True, True, True,
    )  # fmt: skip


def test_signal_is_heard_on_whatever_thread_it_arrives(toys, serve_process):
    tgkill = getattr(ctypes.CDLL(None), "tgkill", None)
    if tgkill is None:
        pytest.skip("a signal for one thread takes tgkill, of glibc 2.30 or later")
    server = serve_process("toys", "--plugin", "toy:ToyAdapter")
    pid = server.process.pid
    others = {int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()} - {pid}
    assert tgkill(pid, max(others), signal.SIGTERM) == 0

    assert server.process.wait(10) == 0


def test_slow_reader_gets_all_rows_and_a_clean_end(big):
    server = big(30)
    reader = pyarrow.flight.connect(server.uri).do_get(pyarrow.flight.Ticket("big"))
    rows = reader.read_chunk().data.num_rows
    server.process.terminate()
    server.wait_for("server_stopping")
    with pytest.raises(pyarrow.flight.FlightUnavailableError, match="the server is stopping"):
        list(pyarrow.flight.connect(server.uri).list_flights())
    for chunk in reader:
        rows += chunk.data.num_rows

    assert (rows, server.process.wait(30)) == (ROWS, 0)
    assert server.wait_for("server_stopped")["drained"] is True


def test_frozen_client_does_not_keep_the_process(big):
    server = big(2)
    client = subprocess.Popen(
        [sys.executable, "-c", READS_ONE_BATCH, server.uri], stdout=subprocess.PIPE, text=True
    )
    try:
        assert client.stdout.readline() == "reading\n"
        client.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        server.process.terminate()

        assert server.process.wait(10) == 0
        assert time.monotonic() - began < 4
        assert server.wait_for("server_stopped")["drained"] is False
    finally:
        client.kill()
        client.communicate()


def test_second_signal_ends_the_process_at_once(big):
    server = big(600)
    reader = pyarrow.flight.connect(server.uri).do_get(pyarrow.flight.Ticket("big"))
    reader.read_chunk()
    server.process.terminate()
    server.wait_for("server_stopping")
    server.process.send_signal(signal.SIGINT)

    assert server.process.wait(5) == 130
    with pytest.raises(pyarrow.flight.FlightError):
        reader.read_all()


def test_signal_during_start_stops_plugins_and_ends_cleanly(toys, serve_process):
    hold = toys / "hold"
    hold.touch()
    (toys / "flightstream.toml").write_text(
        f"[sources]\ntoys = 'toys'\n[plugins.toy]\nhold_start = '{hold}'\n"
        "[server]\nhost = 'localhost'\n"
    )
    server = serve_process("--plugin", "toy:ToyAdapter", wait=False)
    while not (toys / "held").exists():
        assert server.process.poll() is None
        time.sleep(0.01)
    server.process.terminate()
    assert server.wait_for("signal_received")["while_starting"] is True
    hold.unlink()

    assert server.process.wait(10) == 0
    assert "toy stopped\n" in server.process.stdout.read()


def test_second_signal_ends_a_start_that_hangs(toys, serve_process):
    hold = toys / "hold"
    hold.touch()
    (toys / "flightstream.toml").write_text(
        f"[sources]\ntoys = 'toys'\n[plugins.toy]\nhold_start = '{hold}'\n"
    )
    server = serve_process("--plugin", "toy:ToyAdapter", wait=False)
    while not (toys / "held").exists():
        assert server.process.poll() is None
        time.sleep(0.01)
    server.process.terminate()
    server.wait_for("signal_received")
    server.process.terminate()

    assert server.process.wait(5) == 143


HANGING = """
import threading, time
import pyarrow as pa
from flightstream import Flight, Source, adapter, hookimpl, option, service

def wait_for_ever():
    threading.Event().wait()

class Told:
    @hookimpl
    def on_shutdown(self):
        print(f"{type(self).__name__} stops", flush=True)
        if self.hangs:
            wait_for_ever()

@service
class First(Told):
    hangs: bool = option(False, help="whether it does when it is stopped")

@service
class Second(Told):
    hangs: bool = option(True, help="whether it does when it is stopped")

@service
class Third(Told):
    hangs: bool = option(False, help="whether it does when it is stopped")

@service
class Worker:
    @hookimpl
    def on_startup(self):
        threading.Thread(target=wait_for_ever, name="never-ends").start()

@adapter
class Stuck:
    source: Source

    @hookimpl
    def list_flights(self):
        return [Flight("a")]

    @hookimpl
    def get_schema(self):
        return pa.schema([("x", pa.int64())])

    @hookimpl
    def stream_batches(self):
        yield pa.record_batch({"x": [1]})
        wait_for_ever()
"""


@pytest.fixture
def serve_hanging(tmp_path, serve_process):
    """Return a function that starts a server of the plugins above, with seconds to drain."""
    (tmp_path / "hanging.py").write_text(HANGING)
    (tmp_path / "data").mkdir()

    def start(*names, drain_seconds=30):
        plugins = [text for name in ("Stuck", *names) for text in ("--plugin", f"hanging:{name}")]
        return serve_process("data", *plugins, env={DRAIN: str(drain_seconds)})

    return start


def test_shutdown_hook_that_hangs_takes_no_time_from_the_others(serve_hanging):
    server = serve_hanging("First", "Second", "Third")
    server.process.terminate()

    assert server.process.wait(10) == 0
    told = [line for line in server.process.stdout if line.endswith(" stops\n")]
    assert told == ["Third stops\n", "Second stops\n", "First stops\n"]
    hung = server.wait_for("plugin_shutdown_hung")
    assert (hung["plugin"], hung["seconds"]) == ("second", 1.0)
    stopped = server.wait_for("server_stopped")
    assert (stopped["drained"], stopped["plugins_stopped"]) == (True, False)


def test_thread_of_a_plugin_that_never_ends_does_not_keep_the_process(serve_hanging):
    server = serve_hanging("Worker")
    server.process.terminate()

    assert server.process.wait(10) == 0
    assert server.wait_for("server_stopped")["plugins_stopped"] is True


def test_stream_that_hangs_in_its_plugin_ends_with_the_process(serve_hanging):
    server = serve_hanging("First", drain_seconds=1)
    reader = pyarrow.flight.connect(server.uri).do_get(pyarrow.flight.Ticket("a"))
    reader.read_chunk()
    server.process.terminate()

    assert server.process.wait(10) == 0
    stopped = server.wait_for("server_stopped")
    assert (stopped["drained"], stopped["plugins_stopped"]) == (False, True)
    assert "First stops\n" in server.process.stdout.read()
    with pytest.raises(pyarrow.flight.FlightError):
        reader.read_all()


def test_health_tells_that_the_server_drains(big):
    server = big(30)
    with pyarrow.flight.connect(server.uri) as client:

        def health():
            [answer] = client.do_action(pyarrow.flight.Action("health", b""))
            return json.loads(answer.body.to_pybytes())

        assert health() == {"status": "ok", "ready": True, "failed_sources": []}
        reader = client.do_get(pyarrow.flight.Ticket("big"))
        reader.read_chunk()
        server.process.terminate()
        server.wait_for("server_stopping")
        assert health() == {"status": "draining", "ready": False, "failed_sources": []}
        with pytest.raises(pyarrow.flight.FlightUnavailableError, match="the server is stopping"):
            list(client.list_actions())
        reader.cancel()

    assert server.process.wait(30) == 0
