"""Environment variables as configuration."""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

PREFIX = "FLIGHTSTREAM__"

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


@frozen
class Text:
    """A variable's value: a TOML literal where one fits, otherwise text."""

    text: str = field(repr=False)

    @property
    def literal(self) -> Any:
        """What it is as TOML, or else the text; ``True`` counts as ``true``."""
        if self.text.strip().lower() in ("true", "false"):
            return self.text.strip().lower() == "true"
        try:
            document = tomllib.loads(f"value = {self.text}")
        except (ValueError, RecursionError):
            return self.text
        # More than one key means that the text went on after the literal.
        return document["value"] if len(document) == 1 else self.text


@frozen
class Variable:
    """A variable that an option names with ``env``."""

    name: str
    value: Text


def named_variable(environ: Mapping[str, str], name: str) -> Variable | None:
    """Return a variable if it says something; an empty one does not.

    ``LOG_LEVEL`` is read in any letter case, and ``DEBUG=true`` stands for
    ``LOG_LEVEL=debug`` where that is not set. ``REQUEST_TIMEOUT`` has milliseconds.
    """
    text = environ.get(name, "")
    if name == "LOG_LEVEL":
        debug = environ.get("DEBUG", "")
        if not text and debug.lower() not in _FALSE:
            return Variable("DEBUG", Text("debug" if debug.lower() in _TRUE else debug))
        text = {"warn": "warning"}.get(text.lower(), text.lower())
    if name == "REQUEST_TIMEOUT" and text.strip().isdecimal():
        text = str(int(text) / 1000)
    return Variable(name, Text(text)) if text else None


def general_variables(
    environ: Mapping[str, str],
) -> list[tuple[tuple[str, ...], Variable]]:
    """Return the parts of each ``FLIGHTSTREAM__SECTION__KEY``, tables before what is in them."""
    found = [
        (tuple(name.removeprefix(PREFIX).split("__")), Variable(name, Text(value)))
        for name, value in environ.items()
        if name.startswith(PREFIX)
    ]
    return sorted(found, key=lambda item: item[0])


def match_name(part: str, names: Iterable[str]) -> str:
    """Find the name that a part of a variable's name means, letter case and dashes aside."""
    folded = part.lower()
    return next((n for n in names if n.lower().replace("-", "_") == folded), folded)
