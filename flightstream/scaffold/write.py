"""The files of a new distribution."""

import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from flightstream.errors import ConfigError
from flightstream.hookspecs import HOOKS_VERSION
from flightstream.scaffold.kinds import Kind
from flightstream.scaffold.names import Names

CORE = "flightstream-core"
_PLACES = {"gitignore": ".gitignore", "tests.yml": ".github/workflows/tests.yml"}
_SUFFIX = ".tmpl"


def write_distribution(names: Names, kind: Kind, folder: Path) -> Path:
    """Write a distribution into a folder of its own, and return that.

    Args:
        names: Of the plugin.
        kind: Of the plugin.
        folder: Where the new folder is made.

    Raises:
        ConfigError: It is there already.
        OSError: It cannot be written; nothing is left of it then.
    """
    written = folder / names.distribution
    texts = dict(_texts(names, kind))
    try:
        written.mkdir(parents=True)
    except FileExistsError as exc:
        raise ConfigError(f"{str(written)!r} is there already, and is left as it is") from exc
    try:
        for name, text in texts.items():
            path = written / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
    except BaseException:
        shutil.rmtree(written, ignore_errors=True)
        raise
    return written


def _texts(names: Names, kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield each file's path and content."""
    values = _values(names, kind)
    templates = files("flightstream.scaffold") / "templates"
    for folder in ("shared", kind.name):
        for template in sorted((templates / folder).iterdir(), key=lambda one: one.name):
            text = Template(template.read_text("utf-8")).substitute(values)
            yield _place(template, names), text
    yield f"src/{names.module}/py.typed", ""
    yield "LICENSE", _licence()


def _place(template: Traversable, names: Names) -> str:
    name = template.name.removesuffix(_SUFFIX)
    if name.startswith("test_"):
        return f"tests/{name}"
    return f"src/{names.module}/{name}" if name.endswith(".py") else _PLACES.get(name, name)


def _values(names: Names, kind: Kind) -> Mapping[str, str]:
    bounds = [_bound(imported) for imported in kind.imports]
    return {
        "name": names.name,
        "distribution": names.distribution,
        "module": names.module,
        "plugin": names.plugin,
        "class_name": names.class_name,
        "noun": names.noun,
        "group": kind.group,
        "summary": kind.summary,
        "begin": f"src/{names.module}/{kind.begins}.py",
        "requires": "\n    ".join(sorted([*bounds, f"{CORE}{_range()}"])),
        "hooks_version": HOOKS_VERSION,
    }


def _range() -> str:
    """Return the versions of the core that a plugin made for this one works with."""
    major, minor = map(int, distribution(CORE).version.split(".")[:2])
    following = f"{major + 1}" if major else f"0.{minor + 1}"
    return f">={major}.{minor},<{following}"


def _bound(imported: str) -> str:
    """Return the least version of a distribution that the core, too, works with."""
    for requirement in distribution(CORE).requires or ():
        if found := re.match(rf"{imported}\b.*?(>=[\w.]+)", requirement):
            return f"{imported}{found[1]}"
    raise LookupError(f"{CORE} does not require {imported}")


def _licence() -> str:
    for path in distribution(CORE).files or ():
        if path.name == "LICENSE":
            return path.read_text("utf-8")
    raise LookupError(f"{CORE} is installed without its LICENSE")
