"""Every distribution of the repository is whole and fits the others."""

import ast
import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

import flightstream

ROOT = Path(__file__).parents[2]
PLUGINS = sorted((ROOT / "plugins").iterdir())
FILES = ["CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "setup.cfg"]
CORE_RANGE = "flightstream-core>=0.1,<0.2"

each_plugin = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)


def test_version_is_that_of_the_metadata() -> None:
    assert flightstream.__version__ == version("flightstream-core")
    assert flightstream.__version__ == _ini(ROOT / "setup.cfg")["metadata"]["version"]


def test_oldest_environment_installs_every_lower_bound() -> None:
    bounds = set()
    for folder in [ROOT, *PLUGINS]:
        bounds.update(_requirements(folder) - {CORE_RANGE})
        for extra in _ini(folder / "setup.cfg")["options.extras_require"].values():
            bounds.update(one for one in _lines(extra) if ">=" in one)

    oldest = (ROOT / "tests" / "oldest.txt").read_text("utf-8").splitlines()[1:]

    assert oldest == sorted({_oldest(bound) for bound in bounds})


def _oldest(bound: str) -> str:
    """Return the constraint of a requirement; constraints know no extras."""
    name, _, lowest = bound.partition(",")[0].partition(">=")
    return f"{name.partition('[')[0]}=={lowest}"


@each_plugin
def test_plugin_has_its_files(plugin: Path) -> None:
    module = plugin.name.replace("-", "_")
    needed = [*FILES, f"src/{module}/__init__.py", f"src/{module}/py.typed", "tests"]

    assert [name for name in needed if not (plugin / name).exists()] == []


@each_plugin
def test_plugin_declares_what_pip_and_the_registry_need(plugin: Path) -> None:
    ini = _ini(plugin / "setup.cfg")
    short = plugin.name.removeprefix("flightstream-")
    module = plugin.name.replace("-", "_")

    assert ini["metadata"]["name"] == plugin.name
    assert ini["metadata"]["license"] == "Apache-2.0"
    assert CORE_RANGE in _requirements(plugin)
    points = ini["options.entry_points"]
    declared = points.get("flightstream") or points["flightstream.services"]
    assert re.fullmatch(rf"\s*{short.replace('-', '_')} = {module}:\w+", declared)


@each_plugin
def test_plugin_declares_what_it_imports(plugin: Path) -> None:
    own = plugin.name.replace("-", "_")
    known = {
        module: {name.lower().replace("_", "-") for name in names}
        for module, names in packages_distributions().items()
    }
    # What the core needs comes with it.
    needed = _requirements(plugin) | _requirements(ROOT)
    declared = {re.split(r"[\[<>=]", one)[0] for one in needed}
    imported = {
        name
        for path in (plugin / "src").rglob("*.py")
        for name in _imports(ast.parse(path.read_text("utf-8")))
    }

    used = imported - sys.stdlib_module_names - {own}
    assert [name for name in used if not declared.intersection(known[name])] == []


@each_plugin
def test_plugin_is_installed_and_linted_with_the_rest(plugin: Path) -> None:
    tox = _ini(ROOT / "tox.ini")
    linted = {
        name: section
        for name, section in _ini(ROOT / "setup.cfg").items()
        if name.startswith("importlinter") and name != "importlinter:contract:layers"
    }

    assert f"./plugins/{plugin.name}[testing]" in tox["base"]["dists"].split()
    assert f"./plugins/{plugin.name}" in tox["base"]["plugins"].split()
    for name, section in linted.items():
        modules = " ".join(section.values()).split()
        assert plugin.name.replace("-", "_") in modules, f"[{name}]"


@pytest.mark.parametrize(
    "folder", [ROOT, *PLUGINS], ids=["core", *(plugin.name for plugin in PLUGINS)]
)
def test_changelog_begins_with_the_version(folder: Path) -> None:
    changelog = (folder / "CHANGELOG.md").read_text("utf-8")

    assert (
        re.findall(r"^## ([\d.]+)", changelog, re.M)[0]
        == _ini(folder / "setup.cfg")["metadata"]["version"]
    )


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield the top-level packages that a module imports, also in its functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _requirements(folder: Path) -> set[str]:
    return _lines(_ini(folder / "setup.cfg")["options"]["install_requires"])


def _lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip()}


def _ini(path: Path) -> ConfigParser:
    ini = ConfigParser(interpolation=None)
    ini.read(path, encoding="utf-8")
    return ini
