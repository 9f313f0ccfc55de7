"""What the README tells people to paste does what it says."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SAMPLE_URI = "grpc://localhost:8080"


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def snippets(title: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", section(title), re.DOTALL | re.MULTILINE)


def run_python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def uri(serve_process: Callable) -> str:
    return serve_process(ROOT / "data").uri


def test_a_flight_is_read_with_pyarrow_alone(uri: str, tmp_path: Path) -> None:
    code = snippets("Read", "python")[0].replace(SAMPLE_URI, uri)

    assert run_python(f"{code}\nprint(planes.num_rows)", tmp_path) == "3322\n"


def test_part_of_a_flight_is_read_with_the_client(uri: str, tmp_path: Path) -> None:
    code = snippets("Read", "python")[1].replace(SAMPLE_URI, uri)

    *batches, last = run_python(f"{code}\nprint(far.shape)", tmp_path).splitlines()

    assert (sum(map(int, batches)), last) == (26_115, "(707, 3)")


def test_flights_are_read_from_a_shell(uri: str, cli: Callable, tmp_path: Path) -> None:
    for line in snippets("Read", "sh")[0].splitlines():
        command = line.removeprefix("flightstream ").replace('"', "\0").split("\0")
        arguments = [
            word
            for index, part in enumerate(command)
            for word in ([part] if index % 2 else part.split())
        ]
        done = cli(*arguments, env={"FLIGHTSTREAM_URI": uri})
        assert (done.returncode, done.stderr) == (0, ""), line

    assert pq.read_metadata(tmp_path / "flights.parquet").num_rows == 336_776


def test_the_configuration_is_one(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "flightstream.toml").write_text(snippets("Configure", "toml")[0])

    done = cli("check")

    assert (done.returncode, done.stderr) == (0, "")
    assert "sources.legacy.options.csv.delimiter" in done.stdout


def test_plugins_are_chosen(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "lines.py").write_text(snippets("Write a plugin", "python")[0])
    (tmp_path / "data").mkdir()
    (tmp_path / "flightstream.toml").write_text(snippets("Configure", "toml")[1])

    done = cli("plugins", "list", "--json")

    used = [one for one in json.loads(done.stdout) if one["state"] == "active"]
    assert (done.returncode, done.stderr) == (0, "")
    assert [(one["name"], one["file"], one["sources"]) for one in used] == [
        ("csv", None, ["data"]),
        ("lines", f"{tmp_path}/plugins/lines.py", ["data"]),
    ]


def test_a_server_is_embedded() -> None:
    code = snippets("Embed", "python")[0]

    assert run_python(f"{code}\nprint(table.num_rows)", ROOT).splitlines()[-1] == "16"


def test_a_plugin_is_tried_from_the_working_folder(
    serve_process: Callable, cli: Callable, tmp_path: Path
) -> None:
    (tmp_path / "lines.py").write_text(snippets("Write a plugin", "python")[0])
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("one\ntwo\n")
    command = re.search(r"`flightstream serve (notes/ --plugin \S+)`", README)
    assert command is not None

    server = serve_process(*command[1].split())

    done = cli("head", "notes/todo", "--where", "line <> 'one'", "--json", "--uri", server.uri)
    assert (done.returncode, json.loads(done.stdout)) == (0, [{"line": "two"}])


def test_a_plugin_is_tested(tmp_path: Path) -> None:
    (tmp_path / "lines.py").write_text(snippets("Write a plugin", "python")[0])
    (tmp_path / "test_lines.py").write_text(snippets("Test a plugin", "python")[0])

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
    )

    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 40
