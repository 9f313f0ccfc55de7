"""Nothing that people can use is left out of the documentation."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from pyarrow import flight

import flightstream
from flightstream import errors, testing, wire
from flightstream.config import ServerConfig
from flightstream.errors import FlightStreamError
from flightstream.plugin import options_of
from flightstream.rpc.errors import to_flight_error

ROOT = Path(__file__).parents[2]
# A variable of the environment, as it stands in code.
VARIABLE = re.compile(r"(?!PYTEST_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|DEBUG")
SOURCES = [*(ROOT / "flightstream").rglob("*.py"), *ROOT.glob("plugins/*/src/**/*.py")]
EVENT = re.compile(r"\b(?:log|logger)\.(?:debug|info|warning|error)\(\s*\"(\w+)\"")

Pages = dict[str, str]


def test_each_hook_has_a_page_with_its_signature(pages: Pages, generated: ModuleType) -> None:
    for name, spec in generated.hooks().items():
        page = pages[f"hooks/{name}.md"]
        arguments = ", ".join(inspect.signature(spec).parameters)

        assert page.startswith(f"# `{name}({arguments})`\n")
        assert f"```python\n{generated.signature(name)}: ...\n```" in page
        for told in ("Asked", "Thread", "Answer", "`None`", "An exception"):
            assert f"\n| {told} | " in page, f"{name}: {told}"


def test_each_hook_has_an_example_that_a_test_runs(pages: Pages, generated: ModuleType) -> None:
    tests = (Path(__file__).parent / "test_examples.py").read_text("utf-8")

    for name in generated.hooks():
        (file,) = re.findall(
            r"```\{literalinclude\} \.\./(examples/\w+\.py)", pages[f"hooks/{name}.md"]
        )
        example = (ROOT / "docs" / file).read_text("utf-8")
        assert re.search(rf"    @hookimpl\n    def {name}\(self", example), file
        assert f"def test_{name}(" in tests


def test_each_configuration_key_is_documented(pages: Pages, generated: ModuleType) -> None:
    page = pages["configuration.md"]

    for section, cls in generated.SECTIONS.items():
        assert rows(below(page, f"## `[{section}]`")) >= set(options_of(cls)), section
    assert "drain_timeout_seconds" in options_of(ServerConfig)


def test_each_option_of_a_plugin_is_documented(pages: Pages, generated: ModuleType) -> None:
    for name, cls in generated.plugin_classes().items():
        table = below(pages["configuration.md"], f"### `[plugins.{name}]`", "\n##")
        assert rows(table) == set(options_of(cls)), name


def test_each_plugin_of_the_repository_has_a_page(pages: Pages) -> None:
    for folder in (ROOT / "plugins").iterdir():
        page = f"plugins/{folder.name.removeprefix('flightstream-')}.md"
        assert f"{{include}} ../../plugins/{folder.name}/README.md" in pages.get(page, ""), page


def test_each_command_and_option_is_documented(pages: Pages, generated: ModuleType) -> None:
    for context in generated.commands():
        documented = below(pages["cli.md"], f"## {context.command_path}")
        assert context.command.help.split("\n")[0] in documented
        for parameter in context.command.params:
            is_option = isinstance(parameter, click.Option)
            names = parameter.opts if is_option else [parameter.human_readable_name.upper()]
            assert all(name in documented for name in names), (context.command_path, names)


@pytest.mark.parametrize("error", sorted(wire._ERRORS.values(), key=lambda error: error.code))
def test_each_error_is_documented(error: type[FlightStreamError], pages: Pages) -> None:
    (row,) = re.findall(
        rf"^\| `{error.code}` \| `(\w+)` \| \S.* \| \S.* \|$", pages["errors.md"], re.M
    )
    arrives = type(to_flight_error(error("sorry"))).__name__
    documented = re.findall(rf"^\| .*`{error.code}`.* \| `(Flight\w+)` \|", pages["wire.md"], re.M)

    assert row == error.__name__
    assert (documented or [flight.FlightServerError.__name__]) == [arrives]


def test_each_variable_of_the_environment_is_documented(pages: Pages) -> None:
    found = {name: path for path in SOURCES for name in variables(path)}

    assert {"FLIGHT_PORT", "DATA_DIRECTORY", "DEBUG", "FLIGHTSTREAM_URI", "NO_COLOR"} <= {*found}
    for name, path in found.items():
        page = pages["configuration.md"]
        if "plugins" in path.relative_to(ROOT).parts[:1]:  # or in the plugin's own README
            page += (ROOT / Path(*path.relative_to(ROOT).parts[:2]) / "README.md").read_text(
                "utf-8"
            )
        assert re.search(rf"\b{name}\b", page), name


def test_each_event_of_the_log_is_documented(pages: Pages) -> None:
    core = [path for path in SOURCES if "testing" not in path.parts and "plugins" not in path.parts]
    found = {event for path in core for event in EVENT.findall(path.read_text("utf-8"))}

    assert "call_finished" in found
    assert {event for event in found if f"`{event}`" not in pages["operating.md"]} == set()


def test_each_public_name_is_documented(pages: Pages) -> None:
    for module, page in (flightstream, "api.md"), (testing, "testing-api.md"):
        missing = [
            name
            for name in module.__all__
            if not is_named(f"{module.__name__}.{name}", pages[page])
        ]
        assert missing == [], page


def test_each_law_is_documented(pages: Pages, generated: ModuleType) -> None:
    kits = [name for name in testing.__all__ if name.endswith("Conformance")]
    laws = {name for kit in kits for _, _, found in generated.laws(kit) for name, _ in found}

    assert len(laws) > 100
    assert {name for name in laws if f"- `{name}`: " not in pages["write/testing.md"]} == set()


def test_the_wire_page_has_every_key_of_a_command(pages: Pages) -> None:
    documented = below(pages["wire.md"], "## Commands")

    for attribute in wire.Command.__attrs_attrs__:
        assert f"`{attribute.name}`" in documented


def test_examples_of_json_on_the_wire_are_what_they_say(pages: Pages) -> None:
    wire_page = pages["wire.md"]

    for section in ("## Commands", "## Tickets"):
        for text in re.findall(r"```json\n(.*?)```", below(wire_page, section), re.DOTALL):
            assert wire.Command.parse(text.encode()).flight
    (text,) = re.findall(r"```json\n(.*?)```", below(wire_page, "## Errors"), re.DOTALL)
    error = wire.error_from_json("", text.encode())
    assert (type(error), error.row, error.column) == (errors.InvalidData, 70231, "qty")


def below(page: str, heading: str, end: str = "\n## ") -> str:
    """Return what stands below a heading."""
    assert f"\n{heading}\n" in page, f"no heading {heading}"
    return page.split(f"\n{heading}\n")[1].split(end)[0]


def rows(table: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \| ", table, re.MULTILINE))


def is_named(name: str, page: str) -> bool:
    return bool(re.search(rf"(?:auto\w+:: |`){re.escape(name)}\b", page))


def variables(path: Path) -> Iterator[str]:
    """Yield the names of variables that a module may read."""
    text = path.read_text("utf-8")
    if not re.search(r"\benviron\b", text) and "env=" not in text and "envvar" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            value: Any = node.value
            if VARIABLE.fullmatch(value):
                yield value
