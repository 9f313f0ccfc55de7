"""Every snippet of every document runs, is compared or parses, or is marked as ``text``.

A document is a scenario: its snippets run from top to bottom in one folder that
has the sample data in ``data``, beside a server of that data. A snippet below a
line like ``Put this into `lines.py`:`` is written to that file first.
"""

import json
import re
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import ExitStack
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pytest
from attrs import define, field, frozen

from flightstream.config import load_config
from flightstream.registry.discover import SERVICES
from flightstream.testing.process import ServerProcess, clean_environment

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
    # That of the example plugins has a test of its own.
    *(ROOT / "contrib" / name for name in ("README.md", "deploy/README.md", "examples/README.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
DIRECTIVES = {"eval-rst", "generated", "include", "literalinclude", "note", "toctree"}
# What a shell may do here; everything else is only parsed, for it installs or builds.
RUN = {
    "cat",
    "cp",
    "echo",
    "flightstream",
    "grep",
    "mkdir",
    "mv",
    "printf",
    "pytest",
    "python",
    "sed",
}
FILE_NAME = r"`([\w./-]+\.(?:cfg|json|py|toml))`"
SAMPLE_URI = "grpc://localhost:8080"
SHOWN_FOLDER = "/srv/flights"
DEADLINE_SECONDS = 60

# That a snippet passes is asked here, not whether the kit finds the last fault.
FEW_EXAMPLES = """
from hypothesis import settings

settings.register_profile("few", max_examples=5)
settings.load_profile("few")
"""
WORKER = """
import contextlib, doctest, io, json, sys, traceback
namespace = {"__name__": "__main__"}
for line in sys.stdin:
    asked, error, out = json.loads(line), "", io.StringIO()
    code, place = asked["code"], asked["place"]
    with contextlib.redirect_stdout(out):
        try:
            if asked["language"] == "pycon":
                test = doctest.DocTestParser().get_doctest(code, {}, place, place, 0)
                test.globs = namespace
                runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
                if runner.run(test, clear_globs=False).failed:
                    error = out.getvalue()
            else:
                exec(compile(code, place, "exec"), namespace)
        except BaseException:
            error = traceback.format_exc()
    print(json.dumps({"out": out.getvalue(), "error": error}), flush=True)
"""


@frozen
class Snippet:
    """A fenced block.

    Args:
        place: Its document and line, for messages.
        language: What its fence says.
        text: What is in it.
        file: The file that it is, if the line before it says so.
    """

    place: str
    language: str
    text: str
    file: str | None


def snippets(document: Path) -> list[Snippet]:
    found, above, fence = [], "", ""
    for number, line in enumerate(document.read_text("utf-8").splitlines(), 1):
        opening = re.match(r"(`{3,})(.*)$", line)
        if not fence and opening:
            fence, language, lines = opening[1], opening[2].strip(), []
            place = f"{document.relative_to(ROOT)}:{number}"
        elif fence and line.strip() == fence:
            named = re.findall(FILE_NAME, above) if above.endswith(":") else []
            found.append(
                Snippet(place, language, "\n".join([*lines, ""]), named[-1] if named else None)
            )
            above = fence = ""
        elif fence:
            lines.append(line)
        elif line:
            above = line
    assert not fence, f"{document}: a fence is not closed"
    return found


def is_run(snippet: Snippet) -> bool:
    if snippet.language == "python" and snippet.text.endswith(": ...\n"):
        return False  # a signature; the tests of the reference look at it
    return snippet.language != "text" and not snippet.language.startswith("{")


@define(eq=False)
class Scenario:
    """A folder, what runs in it, and the server that commands there speak to."""

    folder: Path
    uri: str
    plugins: dict[str, type[Any]]
    stack: ExitStack
    printed: str = field(default="", init=False)
    _python: subprocess.Popen[str] | None = field(default=None, init=False)

    def run(self, snippet: Snippet) -> None:
        if snippet.file is not None:
            (self.folder / snippet.file).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / snippet.file).write_text(snippet.text, "utf-8")
        try:
            {
                "console": self._transcript,
                "ini": lambda s: ConfigParser(interpolation=None).read_string(s.text),
                "json": lambda s: json.loads(s.text),
                "pycon": self._run_python,
                "python": self._run_python,
                "sh": self._run_shell,
                "toml": self._check_toml,
            }[snippet.language](snippet)
        except Exception as exc:
            raise pytest.fail.Exception(f"{snippet.place}: {exc}", pytrace=False) from None

    def evaluate(self, expression: str) -> str:
        """Print what an expression is after the Python snippets so far."""
        self._run_python(Snippet("", "python", f"print({expression})", None))
        return self.printed.strip()

    def _run_python(self, snippet: Snippet) -> None:
        if snippet.file is not None and snippet.file.startswith("test_"):
            (self.folder / "conftest.py").write_text(FEW_EXAMPLES)
            self._shell(f"python -m pytest -q -p no:cacheprovider {snippet.file}")
            return
        if self._python is None:
            self._python = self._start([sys.executable, "-c", WORKER], stdin=subprocess.PIPE)
        code = snippet.text.replace(SAMPLE_URI, self.uri)
        asked = {"code": code, "place": snippet.place, "language": snippet.language}
        self._python.stdin.write(json.dumps(asked) + "\n")
        self._python.stdin.flush()
        answer = json.loads(self._python.stdout.readline())
        self.printed = answer["out"]
        if answer["error"]:
            raise ValueError(answer["error"])

    def _run_shell(self, snippet: Snippet) -> None:
        for command in snippet.text.replace("\\\n", " ").splitlines():
            self._shell(command)

    def _transcript(self, snippet: Snippet) -> None:
        first, *rest = re.split(r"^\$ ", snippet.text, flags=re.MULTILINE)
        assert not first, "a transcript begins with a command: $ flightstream ls"
        for step in rest:
            command, _, expected = step.replace("\\\n", " ").partition("\n")
            assert _word(command) in RUN, f"a transcript cannot have the command {command}"
            printed = self._shell(f"{{ {command}; }} 2>&1", check=False, word=_word(command))
            if not re.fullmatch(_pattern(expected), _spaced(printed)):
                raise ValueError(f"$ {command}\n{printed}\nis not\n{expected}")

    def _shell(self, command: str, *, check: bool = True, word: str = "") -> str:
        word = word or _word(command)
        if word not in RUN:
            subprocess.run(["bash", "-n", "-c", command], check=True)
            return ""
        if "flightstream serve" in command:
            return self._serve(command)
        done = subprocess.run(
            ["bash", "-uo", "pipefail", "-c", command],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS * 2,
        )
        self.printed = self._shown(done.stdout)
        if check and done.returncode:
            raise ValueError(f"{command}\n{done.stdout}\n{done.stderr}")
        return self.printed

    def _serve(self, command: str) -> str:
        """Start a server that the following commands speak to; return its greeting."""
        command = command.removeprefix("{ ").removesuffix("; } 2>&1")
        output = self.folder / ".served"
        server = self._start(["bash", "-c", f"exec env {command} --port 0"], stdout=output)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (found := re.search(r" at (grpc://\S+)\n(?s:.*)\n\n$", output.read_text())):
            assert server.poll() is None, f"{command} ended: {(self.folder / '.log').read_text()}"
            assert time.monotonic() < deadline, f"{command} does not say where it listens"
            time.sleep(0.01)
        self.uri = found[1]
        return self._shown(output.read_text().strip())

    def _check_toml(self, snippet: Snippet) -> None:
        tomllib.loads(snippet.text)
        file = self.folder / (snippet.file or "flightstream.toml")
        if file.name == "pyproject.toml":
            return
        file.write_text(snippet.text, "utf-8")
        secrets = dict.fromkeys(re.findall(r'\benv = "(\w+)"', snippet.text), "s3cr3t" * 8)
        loaded = load_config(file, environ=secrets, working_folder=self.folder)
        for name, cls in self.plugins.items():
            if (
                name in entry_points(group=SERVICES).names
                and name not in loaded.draft.plugins.options
            ):
                continue  # nobody asked for it
            for source in (None, *loaded.draft.sources):
                loaded.structure_options(cls, name, source)
        loaded.check()

    def _start(self, command: list[str], *, stdout: Path | None = None, **kwargs: Any) -> Any:
        out = subprocess.PIPE if stdout is None else self.stack.enter_context(stdout.open("w"))
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment(),
            text=True,
            stdout=out,
            stderr=self.stack.enter_context((self.folder / ".log").open("a")),
            **kwargs,
        )
        self.stack.callback(_end, process)
        return process

    def _environment(self) -> dict[str, str]:
        path = f"{sysconfig.get_path('scripts')}:/usr/bin:/bin"
        examples = str(ROOT / "docs" / "examples")
        given = {"PATH": path, "PYTHONPATH": examples, "FLIGHTSTREAM_URI": self.uri}
        return clean_environment({**given, "COLUMNS": "200"})

    def _shown(self, printed: str) -> str:
        printed = printed.replace(f" --uri {self.uri}", "").replace(self.uri, SAMPLE_URI)
        return printed.replace(str(self.folder), SHOWN_FOLDER)


def _word(command: str) -> str:
    words = [word for word in command.split() if not re.match(r"\w+=", word)]
    return words[0] if words else ""


def _pattern(expected: str) -> str:
    """Return what printed text matches: … stands for anything, alone for any lines."""
    lines = [re.escape(line).replace("…", ".*") for line in _spaced(expected).splitlines()]
    return "\n".join("(?s:.*)" if line.strip("\\ ") == ".*" else line for line in lines)


def _spaced(text: str) -> str:
    """Return text whose columns are two spaces apart, however wide they are."""
    return "\n".join(re.sub(r" {2,}", "  ", line).rstrip() for line in text.rstrip().splitlines())


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


@pytest.fixture(scope="session")
def sample_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the sample data."""
    log = tmp_path_factory.mktemp("sample") / "log"
    program = Path(sysconfig.get_path("scripts"), "flightstream")
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [program, "serve", ROOT / "data", "--port", "0"],
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            text=True,
        )
    server = ServerProcess(process, log)
    try:
        server.wait_until_started()
        yield server.uri
    finally:
        _end(process)


@pytest.fixture(scope="session")
def follow(
    generated: ModuleType, tmp_path_factory: pytest.TempPathFactory, sample_uri: str
) -> Iterator[Callable[[Path], Scenario]]:
    """Return a function that runs all snippets of a document."""
    with ExitStack() as stack:

        def run(document: Path) -> Scenario:
            folder = tmp_path_factory.mktemp("scenario")
            (folder / "data").symlink_to(ROOT / "data")
            scenario = Scenario(folder, sample_uri, generated.plugin_classes(), stack)
            for snippet in filter(is_run, snippets(document)):
                scenario.run(snippet)
            return scenario

        yield run


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_snippets_say_what_they_are(document: Path) -> None:
    known = {"console", "ini", "json", "pycon", "python", "sh", "text", "toml"}
    names = {s.place: s.language for s in snippets(document)}

    assert {
        place: name
        for place, name in names.items()
        if name not in known and name[1:].partition("}")[0] not in DIRECTIVES
    } == {}


@pytest.mark.parametrize(
    "document",
    [one for one in DOCUMENTS[1:] if any(map(is_run, snippets(one)))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_snippets_work(document: Path, follow: Callable[[Path], Scenario]) -> None:
    follow(document)


def test_readme_does_what_it_says(follow: Callable[[Path], Scenario]) -> None:
    readme = follow(DOCUMENTS[0])

    assert int(re.findall(r"(\d+) passed", readme.printed)[0]) > 40  # the laws came last
    assert readme.evaluate("planes.num_rows, far.shape, table.num_rows") == "3322 (707, 3) 16"
    assert pq.read_metadata(readme.folder / "flights.parquet").num_rows == 336_776
