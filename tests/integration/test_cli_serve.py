"""``serve``: from the command line to a server, or to a reason why not."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import pyarrow.flight
import pytest

import flightstream


def test_it_serves_what_pyarrow_reads(toy_server):
    client = pyarrow.flight.connect(toy_server.uri)
    ticket = pyarrow.flight.Ticket("toys/deep/many")

    assert client.do_get(ticket).read_all().num_rows == 2500


def test_logs_are_json_lines_on_standard_error(toys, serve_process):
    server = serve_process("toys", "--plugin", "toy:ToyAdapter")
    while not server.process.stdout.readline().startswith("flightstream head"):
        assert server.process.poll() is None
    server.process.terminate()

    assert (server.process.wait(30), server.process.stdout.read()) == (0, "\ntoy stopped\n")
    lines = server.log_text().splitlines()
    assert [list(json.loads(line))[:3] for line in lines] == [
        ["timestamp", "level", "event"] for _ in lines
    ]
    assert [line["event"] for line in server.log_lines()] == [
        "server_started",
        "signal_received",
        "server_stopping",
        "server_stopped",
    ]


def test_source_without_flights_names_packages_to_install(toys, serve_process):
    (toys / "other" / "deep").mkdir(parents=True)
    for name in ("a.LAKE", "b.lake.gz", "deep/c.toy", ".hidden.xyz", "plain"):
        (toys / "other" / name).touch()
    (toys / "empty").mkdir()
    (toys / "toy.py").write_text((toys / "toy.py").read_text().replace("**/*.toy", "t*.toy"))
    server = serve_process("toys", "other", "empty", "--plugin", "toy:ToyAdapter")

    server.wait_for("source_without_flights")
    deadline_line = server.wait_for("server_started")
    warned = {}
    while len(warned) < 2:
        found = [one for one in server.log_lines() if one["event"] == "source_without_flights"]
        warned = {
            one["source"]: (one["level"], one.get("suffixes"), one.get("hint")) for one in found
        }
    assert deadline_line["host"] == "localhost"
    assert warned == {
        "other": ("warning", ["lake", "toy"], "pip install flightstream-lake"),
        "empty": ("warning", None, None),
    }


def test_ignored_variable_is_a_warning(toys, serve_process):
    server = serve_process(
        "toys", "--plugin", "toy:ToyAdapter", env={"TOY_BATCH_ROWS": "tcp://10.0.0.1:1"}
    )

    assert server.wait_for("configuration_warning")["problem"] == (
        "environment TOY_BATCH_ROWS: plugins.toy.batch_rows: ignored: expected a whole number,"
        " found 'tcp://10.0.0.1:1' (text)"
    )


def test_all_problems_are_told_at_once(toys, cli):
    (toys / "flightstream.toml").write_text(
        "[server]\nport = 70000\n\n[plugins.toy]\nbatch_rows = 0\n\n[sources]\ns = 'nowhere'\n"
    )
    done = cli("serve", "--plugin", "toy:ToyAdapter")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "flightstream: flightstream.toml: server.port: 70000 is more than the maximum 65535",
        "flightstream: flightstream.toml: plugins.toy.batch_rows: 0 is less than the minimum 1",
        "flightstream: flightstream.toml: sources.s.uri: there is no folder or file"
        f" '{toys}/nowhere'",
    ]


@pytest.mark.parametrize(
    ("plugin", "problem"),
    [
        ("toy", "write it as module:Class"),
        ("nope:X", "ModuleNotFoundError: No module named 'nope'"),
        ("toy:Nope", "AttributeError: module 'toy' has no attribute 'Nope'"),
        ("toy:SCHEMA", "not a class declared by @adapter or @service"),
        ("toy:Path", "not a class declared by @adapter or @service"),
        ("broken:X", "ZeroDivisionError: division by zero"),
        ("exiting:X", "SystemExit: 3"),
    ],
)
def test_plugin_that_cannot_be_loaded_is_one_line(toys, cli, plugin, problem):
    (toys / "broken.py").write_text("1 / 0")
    (toys / "exiting.py").write_text("raise SystemExit(3)")
    done = cli("serve", "toys", "--plugin", plugin)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"flightstream: --plugin {plugin}: {problem}\n"


def test_working_folder_hides_no_module_of_others(toys, serve_process):
    (toys / "structlog.py").write_text("1 / 0")
    (toys / "json.py").write_text("1 / 0")

    assert serve_process("toys", "--plugin", "toy:ToyAdapter").port


def test_port_in_use_is_exit_1(toy_server, toys, cli):
    done = cli("serve", "toys", "--plugin", "toy:ToyAdapter", "--port", str(toy_server.port))

    assert (done.returncode, done.stdout) == (1, "toy stopped\n")
    assert done.stderr == (
        f"flightstream: cannot listen on localhost:{toy_server.port}: address already in use\n"
    )


def test_an_address_for_everybody_is_exit_2_with_the_cure(toys, cli):
    arguments = ("toys", "--plugin", "toy:ToyAdapter")
    done = cli("serve", *arguments, "--port", "0", env={"FLIGHT_HOST": "0.0.0.0"})

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "flightstream: environment FLIGHT_HOST: server.host: '0.0.0.0' is reached from other"
        " machines, and no plugin asks who comes: use one that authenticates, or listen on"
        " localhost, or let everybody read with server.allow_anonymous = true\n"
    )


def test_an_address_for_everybody_is_served_where_that_is_wanted(toys, serve_process):
    env = {"FLIGHT_HOST": "0.0.0.0", "FLIGHTSTREAM__SERVER__ALLOW_ANONYMOUS": "true"}
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", env=env)

    assert server.wait_for("everybody_may_read")["level"] == "warning"


def test_missing_file_is_exit_2(cli):
    done = cli("serve", "--config", "nope.toml")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "flightstream: nope.toml: the file cannot be read: no such file or directory\n"
    )


def test_terminal_shows_flights_and_lines_that_work_as_pasted(toys, start_cli):
    for number in range(25):
        (toys / "toys" / f"{number:02}.toy").write_text("1")
    shown = b""
    master, slave = pty.openpty()
    try:
        serve = start_cli(
            "serve", "toys", "--port", "0", "--plugin", "toy:ToyAdapter", stdout=slave
        )
        os.close(slave)
        while b"flightstream head" not in shown or not shown.endswith(b"\n\r\n"):
            shown += os.read(master, 4096)
        text = shown.decode().replace("\r\n", "\n")
        uri = re.search(r"serves 28 flights at (grpc://localhost:\d+)\n", text)[1]
        snippets = text.partition("Read one with pyarrow:\n\n")[2].split("\n\n")

        assert "\x1b" not in text
        assert text.count(" toy  1 B\n") == 20
        assert f"and 8 more: flightstream ls --uri {uri}\n" in text
        assert snippets[4] == f"flightstream head toys/00 --uri {uri}"
        for python in (snippets[0], snippets[2]):
            code = f"{python}\nprint(table.num_rows)"
            read = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
            assert (read.returncode, read.stdout) == (0, "1\n"), read.stderr
        serve.send_signal(signal.SIGINT)
        assert serve.wait(30) == 0
    finally:
        os.close(master)


def test_pipe_gets_the_flights_too(toys, start_cli):
    arguments = ("serve", "toys", "--port", "0", "--plugin", "toy:ToyAdapter")
    serve = start_cli(*arguments, stderr=subprocess.DEVNULL)
    lines = []
    while not (lines and lines[-1].startswith("flightstream head")):
        lines.append(serve.stdout.readline())
        assert lines[-1]
    serve.terminate()

    assert re.fullmatch(r"FlightStream serves 3 flights at grpc://localhost:\d+\n", lines[1])
    assert "toys/deep/many  toy  4 B\n" in lines
    assert serve.wait(30) == 0


def test_terminal_gets_log_lines_for_people(toys, start_cli):
    (toys / "toys" / "evil.toy").write_text("x\x1b[31m")  # fails on the server, with its text
    shown = b""
    master, slave = pty.openpty()
    env = {"TERM": "xterm", "NO_COLOR": "1"}
    arguments = ("serve", "toys", "--port", "0", "--plugin", "toy:ToyAdapter")
    try:
        serve = start_cli(*arguments, stderr=slave, env=env)
        os.close(slave)
        while b"server_started" not in shown or b"\n" not in shown:
            shown += os.read(master, 4096)
        port = re.search(rb"port=(\d+)", shown)[1].decode()
        client = pyarrow.flight.connect(f"grpc://localhost:{port}")
        with pytest.raises(pyarrow.flight.FlightError):
            client.do_get(pyarrow.flight.Ticket("evil")).read_all()
        while b"call_finished" not in shown:
            shown += os.read(master, 4096)
    finally:
        os.close(master)
    text = shown.decode()

    assert ("Traceback" in text, "ValueError: invalid literal" in text) == (True, True)
    assert ("\x1b" in text, "locals" in text) == (False, False)
    serve.kill()


def test_closed_output_does_not_stop_the_server(toys, start_cli):
    serve = start_cli("serve", "toys", "--port", "0", "--plugin", "toy:ToyAdapter")
    line = json.loads(serve.stderr.readline())
    serve.stderr.close()
    serve.stdout.close()
    client = pyarrow.flight.connect(f"grpc://localhost:{line['port']}")

    for _ in range(2):
        ticket = pyarrow.flight.Ticket("toys/three")
        assert client.do_get(ticket).read_all().num_rows == 3
    serve.terminate()
    assert serve.wait(30) == 0


def test_the_switch_interval_is_that_of_the_configuration_also_after_a_reload(toys, serve_process):
    """It is global to the process, so only the command sets it."""
    (toys / "interval.py").write_text(
        "import sys\n"
        "from flightstream import Action, hookimpl, service\n"
        "@service\n"
        "class Interval:\n"
        "    @hookimpl\n"
        "    def list_actions(self):\n"
        "        tell = lambda identity, body: [str(sys.getswitchinterval()).encode()]\n"
        "        return [Action('interval', 'Tells it', tell)]\n"
    )
    config = toys / "flightstream.toml"
    config.write_text("[sources.toys]\nuri = 'toys'\n")
    server = serve_process("--plugin", "toy:ToyAdapter", "--plugin", "interval:Interval")

    def interval() -> float:
        with flightstream.connect(server.uri) as client:
            return float(client.action("interval")[0])

    assert interval() == 0.0005
    with config.open("a") as file:
        file.write("[server]\nswitch_interval_seconds = 0.002\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for("reloaded")
    deadline = time.monotonic() + 30
    while interval() != 0.002:
        assert time.monotonic() < deadline
