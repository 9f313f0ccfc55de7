"""``flightstream sql`` without a query: a shell."""

import os
import pty
import re

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import flightstream
from flightstream.cli.remote import Remote
from flightstream.cli.shell import Names, run_shell

ENTER, CTRL_C, CTRL_D, UP = "\r", "\x03", "\x04", "\x1b[A"


@pytest.fixture
def remote(toy_server):
    with flightstream.connect(toy_server.uri) as client:
        yield Remote(client)


@pytest.fixture
def shell(remote, tmp_path, monkeypatch):
    """Return a function that types text into a shell, and returns the tables it shows."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(text):
        shown = []
        with (
            create_pipe_input() as keyboard,
            create_app_session(input=keyboard, output=DummyOutput()),
        ):
            keyboard.send_text(text)
            run_shell(remote, lambda stream: shown.append(stream.read_all().to_pydict()))
        return shown

    return run


def test_a_query_ends_with_a_semicolon_and_may_have_many_lines(shell):
    text = f"SELECT max(id) AS most{ENTER}FROM three;{ENTER}SELECT 1 AS one;{ENTER}{CTRL_D}"

    assert shell(text) == [{"most": [2]}, {"one": [1]}]


@pytest.mark.parametrize("leaving", [CTRL_D, f"exit{ENTER}", f"quit;{ENTER}"])
def test_it_is_left(shell, leaving):
    assert shell(leaving) == []


def test_what_is_wrong_is_told_and_the_shell_goes_on(shell, capsys):
    text = f"FROM toys.thre;{ENTER}SELECT 1 AS one;{ENTER}{CTRL_D}"

    assert shell(text) == [{"one": [1]}]
    assert "did you mean toys.three?" in capsys.readouterr().err


def test_a_line_is_given_up(shell):
    assert shell(f"SELECT nonsense{CTRL_C}SELECT 1 AS one;{ENTER}{CTRL_D}") == [{"one": [1]}]


def test_queries_are_remembered_for_their_user_alone(shell, tmp_path):
    shell(f"SELECT 1 AS one;{ENTER}{CTRL_D}")

    assert shell(f"{UP}{ENTER}{CTRL_D}") == [{"one": [1]}]
    assert (tmp_path / "state/flightstream/sql_history").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT * FROM toys.thr", {"toys.three": "flight"}),
        ("SELECT * FROM toys.d", {'toys."deep/many"': "flight"}),
        ('FROM toys."deep/many" WHERE na', {"name": "column"}),
        ("SELE", {"SELECT": ""}),
        ("", {}),
    ],
)
def test_names_are_completed(remote, text, found):
    with remote.client.session() as session:
        completions = list(Names(remote, session).get_completions(Document(text), CompleteEvent()))

    assert found.items() <= {one.text: one.display_meta_text for one in completions}.items()
    assert all(one.start_position <= 0 for one in completions)


def test_no_shell_without_a_terminal(toy_server, command):
    done = command("sql", "--uri", toy_server.uri)

    assert done.returncode == 2
    assert "a STATEMENT is needed" in done.stderr


def test_at_a_terminal(toy_server, start_cli, tmp_path):
    master, slave = pty.openpty()
    env = {
        "TERM": "dumb",
        "COLUMNS": "80",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "XDG_STATE_HOME": str(tmp_path),
    }
    streams = {"stdin": slave, "stdout": slave, "stderr": slave}
    process = start_cli("sql", "--uri", toy_server.uri, env=env, **streams)
    os.close(slave)

    def read_until(wanted):
        shown = b""
        while not re.search(wanted, shown):
            shown += os.read(master, 4096)

    try:
        read_until(rb"sql> ")
        os.write(master, b"SELECT count(*) AS rows_there FROM three;\r")
        read_until("(?s)│ +3 │.*sql> ".encode())
        os.write(master, b"exit\r")
        with pytest.raises(
            OSError, match="Input/output"
        ):  # how Linux says that the other end is closed
            read_until(rb"(?!)")
        assert process.wait(30) == 0
    finally:
        os.close(master)
