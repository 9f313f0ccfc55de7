"""What people at a terminal see."""

import os
import pty
import re

import pytest

STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def at_terminal(start_cli):
    """Return a function that runs a command at a terminal, and returns what it shows."""

    def run(*arguments, columns=60, **kwargs):
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
        finally:
            os.close(master)
        return process.wait(30), shown.decode().replace("\r\n", "\n")

    return run


def test_table_shows_data_as_it_is(toy_server, at_terminal):
    code, shown = at_terminal("head", "three", "-n", "1", "--uri", toy_server.uri)

    assert code == 0
    assert STEERING.sub("", shown) == (
        "┏━━━━┳━━━━━━━━━━━━━━━━━┓\n"
        "┃ id ┃ name            ┃\n"
        "┡━━━━╇━━━━━━━━━━━━━━━━━┩\n"
        "│  0 │ [red]n0\\x1b[31m │\n"
        "└────┴─────────────────┘\n"
    )


def test_columns_that_do_not_fit_are_named(toy_server, at_terminal):
    code, shown = at_terminal("head", "three", "-n", "1", "--uri", toy_server.uri, columns=20)

    assert code == 0
    assert STEERING.sub("", shown) == (
        "┏━━━━┓\n┃ id ┃\n┡━━━━┩\n│  0 │\n└────┘\nand 1 more column: name\n"
    )


def test_get_shows_progress_and_then_the_result(toy_server, toys, at_terminal):
    code, shown = at_terminal("get", "deep/many", "-o", "x.arrows", "--uri", toy_server.uri)

    assert code == 0
    assert re.search(r"deep/many .*2,500 rows  \d+\.\d kB  \d+\.\d MB/s", shown)
    assert STEERING.sub("", shown.rpartition("\x1b")[2]).endswith(
        f"x.arrows: 2,500 rows, 2 columns, {(toys / 'x.arrows').stat().st_size / 1000:.1f} kB\n"
    )
