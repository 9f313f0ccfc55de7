"""What people at a terminal see."""

import os
import pty
import re

import pyarrow as pa
import pytest

from flightstream.cli.progress import shown_progress

STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def at_terminal(start_cli):
    """Return a function that runs a command at a terminal, and returns what it shows.

    What it shows meanwhile is given to ``watch``.
    """

    def run(*arguments, columns=60, watch=len, **kwargs):
        master, slave = pty.openpty()
        shown = b""
        env = {"TERM": "xterm-256color", "COLUMNS": str(columns)}
        try:
            process = start_cli(*arguments, stdout=slave, stderr=slave, env=env, **kwargs)
            os.close(slave)
            while True:
                try:
                    data = os.read(master, 4096)
                except OSError:  # how Linux says that the other end is closed
                    data = b""
                if not data:
                    break
                shown += data
                watch(shown.decode(errors="ignore"))
        finally:
            os.close(master)
        return process.wait(30), shown.decode().replace("\r\n", "\n")

    return run


def test_table_shows_data_as_it_is(toy_server, at_terminal):
    code, shown = at_terminal("head", "three", "-n", "1", "--uri", toy_server.uri)

    assert code == 0
    # Before it, a slow machine shows that it is at work.
    assert STEERING.sub("", shown[shown.index("┏") :]) == (
        "┏━━━━┳━━━━━━━━━━━━━━━━━┓\n"
        "┃ id ┃ name            ┃\n"
        "┡━━━━╇━━━━━━━━━━━━━━━━━┩\n"
        "│  0 │ [red]n0\\x1b[31m │\n"
        "└────┴─────────────────┘\n"
    )


def test_columns_that_do_not_fit_are_named(toy_server, at_terminal):
    code, shown = at_terminal("head", "three", "-n", "1", "--uri", toy_server.uri, columns=20)

    assert code == 0
    assert STEERING.sub("", shown[shown.index("┏") :]) == (
        "┏━━━━┓\n┃ id ┃\n┡━━━━┩\n│  0 │\n└────┘\nand 1 more column: name\n"
    )


@pytest.fixture
def held(toys, serve_process):
    """Return a server whose flights ``held`` wait, and what ends that: text that is shown."""
    (toys / "toys" / "held.toy").write_text("2500")
    (toys / "hold").touch()

    def watch(pattern):
        def look(shown):
            if re.search(pattern, STEERING.sub("", shown)):
                (toys / "hold").unlink(missing_ok=True)

        return look

    return serve_process("toys", "--plugin", "toy:ToyAdapter").uri, watch


def test_get_shows_progress_and_then_the_result(toys, held, at_terminal):
    uri, watch = held
    waits = watch(r"held .* 0:00:\d\d")
    code, shown = at_terminal("get", "held", "-o", "x.arrows", "--uri", uri, watch=waits)

    assert code == 0
    assert STEERING.sub("", shown.rpartition("\x1b")[2]).endswith(
        f"x.arrows: 2,500 rows, 2 columns, {(toys / 'x.arrows').stat().st_size / 1000:.1f} kB\n"
    )


def test_a_query_shows_progress_and_then_the_result(held, at_terminal):
    uri, watch = held
    waits = watch(r"x\.arrows .* 0:00:\d\d")
    code, shown = at_terminal("sql", "FROM held", "-o", "x.arrows", "--at", uri, watch=waits)

    assert code == 0
    assert "x.arrows: 2,500 rows, 2 columns" in STEERING.sub("", shown.rpartition("\x1b")[2])


@pytest.mark.parametrize("command", [["head", "-n", "1"], ["bench", "-n", "2"]])
def test_what_takes_long_shows_that_it_is_at_work(held, at_terminal, command):
    uri, watch = held
    code, shown = at_terminal(*command, "held", "--uri", uri, watch=watch(r"held .* 0:00:\d\d"))

    assert code == 0
    assert "┏━" in STEERING.sub("", shown)


def test_transfers_are_counted():
    with shown_progress("x", 20) as transfer:
        transfer.add(pa.record_batch({"n": range(20)}))

        (task,) = transfer._progress.tasks
        assert re.fullmatch(r"20 rows  160 B  [\d.,]+ MB/s", task.description)
        assert (task.completed, task.total) == (20, 20)
