"""What the files of tokens and of users say of somebody: TOML tables, taken strictly."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from flightstream import Identity

Table = Mapping[str, Any]


def read_toml(text: str) -> Table:
    """Parse a file.

    Raises:
        ValueError: It is not TOML. What stands there is not repeated.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        place = re.search(r"line \d+, column \d+", str(exc))
        raise ValueError(f"is not TOML{f': see {place[0]}' if place else ''}") from None
    except RecursionError:
        raise ValueError("is nested too deep") from None


def identity_of(subject: object, table: Table) -> Identity:
    """Return who somebody is, from the keys ``roles`` and ``claims``.

    Raises:
        ValueError: A value is none of these.
    """
    if not _is_name(subject):
        raise ValueError(f"{subject!r} is no subject: it is printable text")
    roles, claims = table.get("roles", []), table.get("claims", {})
    if not isinstance(roles, list) or not all(map(_is_name, roles)):
        raise ValueError("roles is a list of printable texts")
    if not isinstance(claims, dict) or not _is_json(claims):
        raise ValueError("claims is a table of texts, numbers, true and false, and lists of these")
    return Identity(str(subject), roles, claims)


def check_keys(table: object, known: Iterable[str]) -> Table:
    """Return a table that has no unknown keys.

    Raises:
        ValueError: It is no table, or has others.
    """
    if not isinstance(table, dict):
        raise ValueError("is no table")
    if unknown := table.keys() - set(known):
        raise ValueError(f"unknown key {min(unknown)!r}: there are {', '.join(known)}")
    return table


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isprintable()


def _is_json(value: object) -> bool:
    match value:
        case bool() | str() | int() | float():
            return True
        case dict():
            return all(map(_is_json, value.values()))
        case list():
            return all(map(_is_json, value))
    return False  # a date, which JSON has not
