"""What is wrong with a configuration: one line each, all of them together."""

import difflib
import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from attrs import Factory, define, frozen


@frozen
class Problem:
    """One thing to put right.

    Args:
        origin: Where it stands: ``flightstream.toml``, ``environment FLIGHT_PORT``,
            ``command line``, or ``""``.
        key: The dotted key, or ``""`` where there is none.
        message: What is wrong, and what would be right.
    """

    origin: str
    key: str
    message: str

    def __str__(self) -> str:
        line = ": ".join(part for part in (self.origin, self.key, self.message) if part)
        # A name or a validator's message may hold line breaks, or bytes that are no text.
        return " ".join(line.splitlines()).encode(errors="backslashreplace").decode()


@frozen
class Row:
    """One value as ``flightstream check`` shows it: TOML text, secrets hidden."""

    key: str
    shown: str
    origin: str


@define(eq=False)
class Report:
    """What was found while a configuration was read."""

    _problems: list[tuple[int, Problem]] = Factory(list)
    warnings: list[Problem] = Factory(list)
    rows: dict[str, Row] = Factory(dict)

    def add(self, problem: Problem, position: int = 0) -> None:
        """Add a problem, once, to be shown in the order of the file."""
        if (position, problem) not in self._problems:
            self._problems.append((position, problem))

    def warn(self, warning: Problem) -> None:
        """Add something that was ignored, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems, in the order of the file."""
        return tuple(problem for _, problem in sorted(self._problems, key=lambda p: p[0]))


def dotted(path: Iterable[Any]) -> str:
    """Write a path as TOML writes keys; array positions in brackets."""
    key = ""
    for part in path:
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            name = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else quoted(part)
            key += f".{name}" if key else name
    return key


def quoted(text: str) -> str:
    """Write text as TOML does, in one line."""
    return "".join(
        letter if letter.isprintable() else f"\\U{ord(letter):08x}"
        for letter in json.dumps(text, ensure_ascii=False)
    )


def unknown_key(key: str, known: Collection[str], *, elsewhere: Iterable[str] = ()) -> str:
    """Say that a key is unknown, with the one that was probably meant.

    Args:
        key: The unknown one.
        known: The keys of its table.
        elsewhere: Dotted keys of other tables, for a key in the wrong one.
    """
    misplaced = [name for name in elsewhere if name.rpartition(".")[2] == key]
    if near := misplaced[0] if misplaced else near_key(key, known):
        return f"unknown key; did you mean {near!r}?"
    allowed = ", ".join(sorted(known))
    return f"unknown key; there are {allowed}" if allowed else "unknown key"


def near_key(key: str, known: Collection[str]) -> str | None:
    """Return the known key that was probably meant, if there is one."""
    return next(iter(difflib.get_close_matches(key.lower(), sorted(known), n=1)), None)
