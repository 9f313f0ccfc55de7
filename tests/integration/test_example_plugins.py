"""The commands in the README of the example plugins do what it says."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "contrib" / "examples" / "plugins"
README = (FOLDER / "README.md").read_text("utf-8")


@pytest.fixture
def try_out(serve_process: Callable[..., Any], cli: Callable[..., Any], tmp_path: Path) -> Any:
    """Return a function that pastes the commands of a section, and returns what the last did."""

    def run(title: str, *more: str) -> subprocess.CompletedProcess[str]:
        text = README.split(f"\n## {title}\n")[1].split("\n## ")[0]
        server, client = (
            block.replace("/tmp/", f"{tmp_path}/").splitlines()
            for block in re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        )
        for line in server[:-1]:
            subprocess.run(line.replace("python3", sys.executable), shell=True, check=True)
        env, arguments = _words(server[-1], "serve")
        uri = serve_process(*arguments, cwd=FOLDER, env=env).uri
        [line] = client
        _env, arguments = _words(line)
        return cli(*arguments, *more, env={"FLIGHTSTREAM_URI": uri})

    return run


def _words(line: str, *command: str) -> tuple[dict[str, str], list[str]]:
    words = shlex.split(line)
    start = words.index("flightstream")
    assert tuple(words[start + 1 : start + 1 + len(command)]) == command
    env = dict(word.split("=", 1) for word in words[:start])
    return env, words[start + 1 + len(command) :]


def test_rows_are_generated(try_out: Any) -> None:
    done = try_out("Generated rows", "--json")

    assert [row["id"] for row in json.loads(done.stdout)] == [0, 1, 2]


def test_a_database_is_served(try_out: Any) -> None:
    done = try_out("SQLite", "--json")

    assert json.loads(done.stdout) == [{"id": 1, "total": 9.5}, {"id": 2, "total": 20.0}]


def test_calls_are_written_down(try_out: Any, tmp_path: Path) -> None:
    try_out("A line for each call")

    lines = (tmp_path / "calls.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["flight"] == "data/planes"


def test_a_column_is_hidden(try_out: Any) -> None:
    done = try_out("A hidden column")

    assert "engine" in done.stdout
    assert "tailnum" not in done.stdout


def test_a_stream_is_cut_off(try_out: Any) -> None:
    done = try_out("Bad streams")

    assert (done.returncode, "cut off" in done.stderr) == (1, True)


def test_all_plugins_are_used_at_once(
    serve_process: Callable[..., Any], cli: Callable[..., Any], tmp_path: Path
) -> None:
    log = tmp_path / "calls.jsonl"
    env = {"FLIGHTSTREAM__PLUGINS__CALL_LINES__FILE": str(log)}
    uri = serve_process("--config", "all.toml", cwd=FOLDER, env=env).uri

    made = cli("head", "made/rows", "-n", "1", "--json", "--uri", uri)
    planes = cli("schema", "nyc/planes", "--uri", uri)

    assert json.loads(made.stdout)[0].keys() == {"id", "value"}
    assert "tailnum" not in planes.stdout
    assert log.exists()


def test_every_plugin_is_described() -> None:
    files = sorted(path.name for path in FOLDER.glob("*.py"))

    assert sorted(re.findall(r"^\| \[`(\w+\.py)`\]", README, re.MULTILINE)) == files


def test_every_plugin_uses_public_names_alone() -> None:
    found = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.py")}

    assert [
        name for name, text in found.items() if re.search(r"flightstream\.|import _", text)
    ] == []
