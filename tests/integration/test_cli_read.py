"""``ls``, ``schema`` and ``head`` against a real server."""

import json
import os
import signal
import socket
import subprocess

import pytest


def test_ls_lists_flights_in_plain_columns(toy_server, cli):
    done = cli("ls", "--uri", toy_server.uri)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "name            adapter  rows  size\n"
        "toys/deep/many  toy            4 B\n"
        "toys/none       toy            1 B\n"
        "toys/three      toy            1 B\n"
    )


def test_ls_takes_prefix_and_server_from_environment(toy_server, command):
    done = command("ls", "toys/deep", "--json", env={"FLIGHTSTREAM_URI": toy_server.uri})

    assert json.loads(done.stdout) == [
        {"name": "toys/deep/many", "adapter": "toy", "records": None, "bytes": 4}
    ]


def test_ls_of_nothing_says_so_and_succeeds(toy_server, command):
    done = command("ls", "nowhere", "--uri", toy_server.uri)

    note = f"note: there are no flights below 'nowhere' at {toy_server.uri}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", note)


def test_schema_shows_columns(toy_server, command):
    done = command("schema", "three", "--uri", toy_server.uri)

    assert done.stdout == "column  type    nullable\nid      int64   no\nname    string\n"


def test_schema_as_json(toy_server, command):
    done = command("schema", "three", "--json", "--uri", toy_server.uri)

    assert json.loads(done.stdout) == {
        "name": "toys/three",
        "columns": [
            {"name": "id", "type": "int64", "nullable": False, "metadata": {}},
            {"name": "name", "type": "string", "nullable": True, "metadata": {}},
        ],
        "metadata": {},
    }


def test_head_escapes_what_a_terminal_would_obey(toy_server, command):
    done = command("head", "three", "-n", "2", "--uri", toy_server.uri)

    assert done.stdout == ("id  name\n0   [red]n0\\x1b[31m\n1   [red]n1\\x1b[31m\n")


def test_head_chooses_columns_and_rows(toy_server, command):
    done = command(
        "head", "toys/deep/many", "--columns", "name,id", "--where", "id >= 2400", "-n", "1",
        "--json", "--uri", toy_server.uri,
    )  # fmt: skip

    assert json.loads(done.stdout) == [{"name": "[red]n2400\x1b[31m", "id": 2400}]


def test_head_of_no_rows_shows_the_columns(toy_server, command):
    done = command("head", "none", "--uri", toy_server.uri)

    assert (done.returncode, done.stdout) == (0, "id  name\n")


def test_unknown_flight_is_one_line_and_exit_1(toy_server, command):
    done = command("head", "nope", "--uri", toy_server.uri)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "flightstream: there is no flight 'nope'\n"


def test_wrong_filter_is_one_line_and_exit_1(toy_server, command):
    done = command("head", "three", "--where", "nope > 1", "--uri", toy_server.uri)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("flightstream: ")
    assert ("nope" in done.stderr, done.stderr.count("\n")) == (True, 1)


def test_no_server_is_one_line_and_exit_1(command):
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        uri = f"grpc://127.0.0.1:{taken.getsockname()[1]}"
        done = command("ls", "--uri", uri)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"flightstream: no answer from {uri}: ")
    assert done.stderr.endswith("Connection refused (does the server run there?)\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("http://localhost:8080", "begins with none of grpc, grpc+tcp, grpc+tls, grpc+unix"),
        ("localhost", "is no host and port like grpc://localhost:8080"),
        ("grpc://:8080", "is no host and port like grpc://localhost:8080"),
        ("localhost:http", "is no host and port like grpc://localhost:8080"),
        ("grpc://[::1", "is no host and port like grpc://localhost:8080"),
    ],
)
def test_uri_that_cannot_be_is_wrong_usage(command, uri, problem):
    done = command("ls", "--uri", uri)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f": {uri!r} {problem}\n")


def test_name_that_is_no_text_is_one_line(toy_server, cli):
    done = cli("head", b"\xff", "--uri", toy_server.uri)

    assert done.stderr == "flightstream: a name, a column or the filter is not UTF-8 text\n"
    assert done.returncode == 1


def test_skipped_rows_are_a_note_on_standard_error(toys, serve_process, command):
    (toys / "toys" / "skipping.toy").write_text("5")
    server = serve_process("toys", "--plugin", "toy:ToyAdapter")
    toy = command("head", "skipping", "-n", "1", "--columns", "id", "--uri", server.uri)

    assert (toy.returncode, toy.stdout) == (0, "id\n0\n")
    assert toy.stderr == "note: the server reports of 'toys/skipping': skipped_rows 1\n"


@pytest.mark.parametrize("arguments", [["ls"], ["ls", "--json"], ["head", "deep/many"]])
def test_reader_that_has_gone_is_no_error_to_talk_about(toy_server, start_cli, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    process = start_cli(*arguments, "--uri", toy_server.uri, stdout=writing)
    os.close(writing)
    _, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (1, "")


def test_ctrl_c_ends_a_waiting_client_at_once(start_cli):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ls = start_cli("ls", "--uri", f"127.0.0.1:{silent.getsockname()[1]}")
        silent.settimeout(30)
        connection, _ = silent.accept()
        with connection:
            ls.send_signal(signal.SIGINT)
            out, err = ls.communicate(timeout=5)

    assert (ls.returncode, out, err) == (130, "", "\n")


def test_output_in_another_encoding_is_escaped(toys, serve_process, cli):
    (toys / "toys" / "Ωmega.toy").write_text("1")
    server = serve_process("toys", "--plugin", "toy:ToyAdapter")
    done = cli("ls", "toys/Ωmega", "--uri", server.uri, env={"PYTHONIOENCODING": "latin-1"})

    assert (done.returncode, done.stderr) == (0, "")
    assert "toys/\\u03a9mega" in done.stdout


def test_full_disk_is_one_line(toy_server, start_cli):
    with open("/dev/full", "w") as full:
        ls = start_cli("ls", "--uri", toy_server.uri, stdout=full, stderr=subprocess.PIPE)
        _, err = ls.communicate(timeout=30)

    assert (ls.returncode, err) == (1, "flightstream: no space left on device\n")


def test_explain_shows_who_does_what(toy_server, command):
    done = command("explain", "three", "--where", "id > 1", "--limit", "2", "--uri", toy_server.uri)

    rows = [line.split("  ", 1) for line in done.stdout.splitlines()]
    explained = {name: value.strip() for name, value in rows}
    assert (done.returncode, done.stderr) == (0, "")
    assert explained.pop("version")
    assert explained == {
        "what": "is",
        "flight": "toys/three",
        "adapter": "toy",
        "columns": "id, name",
        "pushed down: offset": "0",
        "left to the core: filter": "id > 1",
        "left to the core: limit": "2",
        "left to the core: offset": "0",
        "reads: bytes": "-1",
        "records": "-1",
        "partitions": "1",
    }


def test_explain_as_json(toy_server, command):
    done = command("explain", "three", "--partitions", "4", "--json", "--uri", toy_server.uri)

    explained = json.loads(done.stdout)
    assert (explained["flight"], explained["partitions"]) == ("toys/three", 1)
