"""What systemd hears from ``serve``, on a real socket."""

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow.flight
import pytest
from attrs import define, field

from flightstream import ServerInfo
from flightstream.cli.heartbeat import answers

DEADLINE_SECONDS = 30.0
SERVING = "STATUS=serving 1 sources on localhost:"


@define(eq=False)
class Manager:
    """Listens where the server is told to send, as systemd does."""

    listening: socket.socket
    address: str
    heard: list[list[str]] = field(factory=list, init=False)

    def next(self) -> list[str]:
        """Return the lines of the next message that is no sign of life."""
        while (lines := self.next_of_all()) == ["WATCHDOG=1"]:
            pass
        return lines

    def next_of_all(self) -> list[str]:
        """Return the lines of the next message."""
        lines = self.listening.recv(4096).decode().split("\n")
        self.heard.append(lines)
        return lines


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(DEADLINE_SECONDS)
        if request.param == "path":
            address = str(tmp_path / "notify")
            listening.bind(address)
        else:
            address = f"@flightstream-test-{os.getpid()}"
            listening.bind(f"\0{address[1:]}")
        yield Manager(listening, address)


def test_start_reload_and_stop_are_told(toys, serve_process, manager):
    server = serve_process(
        "toys", "--plugin", "toy:ToyAdapter", env={"NOTIFY_SOCKET": manager.address}
    )
    serving = f"{SERVING}{server.port}"
    assert manager.next() == ["READY=1", serving]

    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    server.process.send_signal(signal.SIGHUP)
    reloading, since, status = manager.next()
    assert (reloading, status) == ("RELOADING=1", "STATUS=reloading")
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert before <= int(re.fullmatch(r"MONOTONIC_USEC=(\d+)", since)[1]) <= after
    assert manager.next() == ["READY=1", serving]

    (toys / "flightstream.toml").write_text("[sources")
    server.process.send_signal(signal.SIGHUP)
    assert manager.next()[0] == "RELOADING=1"
    assert manager.next() == ["READY=1", f"{serving}, the last reload was refused"]

    server.process.terminate()
    assert manager.next() == ["STOPPING=1", "STATUS=waiting for calls under way"]
    assert server.process.wait(10) == 0
    assert ["WATCHDOG=1"] not in manager.heard  # nobody wants to know


def test_ready_is_told_after_the_last_startup_hook_and_once_it_listens(
    toys, serve_process, manager
):
    hold = toys / "hold"
    hold.touch()
    (toys / "flightstream.toml").write_text(
        f"[sources]\ntoys = 'toys'\n[plugins.toy]\nhold_start = '{hold}'\n"
    )
    server = serve_process(
        "--plugin", "toy:ToyAdapter", env={"NOTIFY_SOCKET": manager.address}, wait=False
    )
    while not (toys / "held").exists():
        assert server.process.poll() is None
        time.sleep(0.01)
    manager.listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.next()
    manager.listening.settimeout(DEADLINE_SECONDS)
    hold.unlink()

    ready, status = manager.next()
    assert ready == "READY=1"
    port = int(status.removeprefix(SERVING))
    with pyarrow.flight.connect(f"grpc://localhost:{port}") as client:
        assert len(list(client.list_flights())) == 3


def test_signs_of_life_come_also_while_it_drains(toys, serve_process, manager):
    (toys / "toys" / "big.toy").write_text("5000000")
    env = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "200000"}
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", env=env)
    assert manager.next_of_all()[0] == "READY=1"
    assert [manager.next_of_all() for _ in range(3)] == [["WATCHDOG=1"]] * 3
    with pyarrow.flight.connect(server.uri) as client:
        reader = client.do_get(pyarrow.flight.Ticket("big"))
        reader.read_chunk()
        server.process.terminate()
        assert manager.next()[0] == "STOPPING=1"
        assert [manager.next_of_all() for _ in range(3)] == [["WATCHDOG=1"]] * 3
        reader.cancel()

    assert server.process.wait(30) == 0
    # A look at the transport is no call.
    methods = {one["method"] for one in server.log_lines() if one["event"] == "call_finished"}
    assert methods == {"DoGet"}


@pytest.mark.parametrize("with_clients", [False, True])
def test_signs_of_life_come_over_tls(toys, serve_process, manager, cli, with_clients):
    assert cli("tls", "dev-cert", cwd=toys).returncode == 0
    clients = "client_ca = 'ca.pem'\nrequire_client_certificate = true\n" if with_clients else ""
    (toys / "flightstream.toml").write_text(
        "[sources]\ntoys = 'toys'\n[server.tls]\n"
        f"certificate = 'server.pem'\nkey = 'server.key'\n{clients}"
    )
    env = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "200000"}
    server = serve_process("--plugin", "toy:ToyAdapter", env=env)
    assert manager.next_of_all()[0] == "READY=1"

    assert [manager.next_of_all() for _ in range(3)] == [["WATCHDOG=1"]] * 3
    text = server.log_text()
    assert all(line.startswith("{") for line in text.splitlines()), text


def test_a_watchdog_of_another_process_is_not_told(toys, serve_process, manager):
    env = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", env=env)
    server.process.terminate()

    assert server.process.wait(10) == 0
    assert [manager.next_of_all()[0] for _ in range(2)] == ["READY=1", "STOPPING=1"]


def test_a_manager_that_does_not_listen_is_told_once_and_the_server_serves(toys, serve_process):
    env = {"NOTIFY_SOCKET": str(toys / "nobody")}
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", env=env)
    server.process.terminate()

    assert server.process.wait(10) == 0
    told = [one for one in server.log_lines() if one["event"] == "service_manager_not_told"]
    assert [one["error"] for one in told] == ["no such file or directory"]


def test_a_process_that_is_frozen_gives_no_sign_of_life(toys, serve_process, manager):
    env = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "200000"}
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", env=env)
    assert manager.next_of_all()[0] == "READY=1"
    manager.next_of_all()
    server.process.send_signal(signal.SIGSTOP)
    manager.listening.settimeout(1.0)
    with suppress(TimeoutError):
        while manager.next_of_all():  # those that were on their way
            assert len(manager.heard) < 20
    manager.listening.settimeout(DEADLINE_SECONDS)
    server.process.send_signal(signal.SIGCONT)

    assert manager.next_of_all() == ["WATCHDOG=1"]


class Elsewhere:
    """Says that a server listens at a port where nothing of it does."""

    def __init__(self, port: int, *, tls: bool) -> None:
        self.port = port
        self.info = ServerInfo(host="127.0.0.1", port=port, version="1", sources=(), tls=tls)


@pytest.mark.parametrize("tls", [False, True])
def test_a_transport_that_says_nothing_does_not_answer(tls):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        assert not answers(Elsewhere(port, tls=tls), 0.1)

    assert not answers(Elsewhere(port, tls=tls), 0.1)
