"""The program itself: help, versions and commands that others add."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest


@pytest.fixture
def added(tmp_path):
    """Return the variables that make a distribution with commands importable."""
    info = tmp_path / "site" / "extra-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[flightstream.commands]\nhello = extra:hello\nboom = extra_boom:boom\n"
        "text = extra:TEXT\nls = extra_boom:ls\n"
    )
    (tmp_path / "site" / "extra.py").write_text(
        "import click\nTEXT = 'x'\n@click.command()\n@click.argument('name')\n"
        "def hello(name):\n    'Say hello.'\n    click.echo(f'hello {name}')\n    return 7\n"
    )
    (tmp_path / "site" / "extra_boom.py").write_text("raise RuntimeError('no\\nsuch \\x1b[31m')")
    return {"PYTHONPATH": str(tmp_path / "site")}


def test_added_command_runs(cli, added):
    done = cli("hello", "you", env=added)

    assert (done.returncode, done.stdout, done.stderr) == (0, "hello you\n", "")


def test_broken_command_is_a_line_in_the_help(cli, added):
    done = cli("--help", env=added)

    assert (done.returncode, done.stderr) == (0, "")
    # Those of plugins that are installed here stand among them.
    lines = done.stdout.partition("Commands of plugins:\n")[2].splitlines()
    assert [line for line in lines if line.split()[:1] in (["boom"], ["hello"], ["text"])] == [
        "  boom   (broken: RuntimeError: no\\nsuch \\x1b[31m)",
        "  hello  Say hello.",
        "  text   (broken: extra:TEXT is str, not a click command)",
    ]


def test_broken_command_says_why_when_called(cli, added):
    done = cli("boom", "--any", "thing", env=added)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "flightstream: the command 'boom' of extra 1.2 cannot be loaded:"
        " RuntimeError: no\\nsuch \\x1b[31m\n"
    )


@pytest.mark.parametrize(
    "command", ["serve", "ls", "schema", "head", "get", "check", "plugins", "plugins show"]
)
def test_every_command_has_help(cli, command):
    done = cli(*command.split(), "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: flightstream {command} ")


def test_version(cli):
    assert cli("--version").stdout == f"flightstream {version('flightstream-core')}\n"


def test_unknown_command_is_wrong_usage(cli):
    done = cli("sevre")

    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'sevre'" in done.stderr


def test_help_does_not_load_flight():
    code = (
        "import sys\nfrom flightstream.cli.program import run\nrun(['--help'])\n"
        "assert 'pyarrow._flight' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_closed_streams_are_no_reason_to_fail(start_cli):
    def close() -> None:
        os.close(1)
        os.close(2)

    streams = {"stdout": None, "stderr": None}
    assert start_cli("--help", **streams, preexec_fn=close).wait(30) == 0
    assert start_cli("plugins", "show", "nope", **streams, preexec_fn=close).wait(30) == 2
