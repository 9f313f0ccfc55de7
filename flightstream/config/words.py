"""How types and values are named to people who write TOML."""

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import attrs

from flightstream.config.environment import Text
from flightstream.config.pem import Pem
from flightstream.config.problems import dotted, quoted
from flightstream.config.types import is_array, is_choice, is_table, is_union, mentions_secret
from flightstream.plugin import ByteSize, Secret

_SINGULAR: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    ByteSize: "a size like 1048576 or '3 MiB'",
    Secret: "text, { env = … } or { file = … }",
    Path: "a path",
    Pem: "a path, { env = … } or { file = … }",
    datetime.date: "a date",
    datetime.datetime: "a date and time",
    datetime.time: "a time",
}
_PLURAL: dict[Any, str] = {
    str: "text",
    int: "whole numbers",
    float: "numbers",
    bool: "true or false",
    ByteSize: "sizes",
    Secret: "secrets",
    Path: "paths",
}


def expected(type_: Any) -> str:
    """Say what a type takes."""
    if type_ in _SINGULAR:
        return _SINGULAR[type_]
    arguments = get_args(type_)
    if is_choice(type_):
        return either([repr(choice) for choice in arguments])
    if is_union(type_):
        return either([expected(member) for member in arguments if member is not type(None)])
    if is_array(type_):
        return "an array" + _of(arguments[0] if arguments else Any)
    if is_table(type_):
        return "a table" + _of(arguments[-1] if arguments else Any)
    return getattr(type_, "__name__", str(type_))


def found(value: Any, *, hidden: bool = False) -> str:
    """Say what was there instead; tables, arrays and secrets are not shown."""
    if isinstance(value, Text):
        value = value.literal
    kind = _kind(value)
    if hidden or not isinstance(value, str | int | float | datetime.date | datetime.time):
        return kind
    if isinstance(value, str):
        shown = repr(value if len(value) <= 60 else value[:59] + "…")
    elif isinstance(value, bool):
        shown = "true" if value else "false"
    else:
        shown = str(value)
    return f"{shown} ({kind})"


def toml_text(value: Any) -> str:
    """Write a value as TOML does, in one line; secrets are ``***``."""
    match value:
        case None:
            return "(not set)"
        case Secret():
            return '"***"'
        case bool():
            return "true" if value else "false"
        case str() | ByteSize() | Path() | Pem():
            return quoted(str(value))
        case Mapping():
            inner = ", ".join(f"{dotted([str(k)])} = {toml_text(v)}" for k, v in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple() | set() | frozenset():
            return f"[{', '.join(map(toml_text, value))}]"
    if attrs.has(type(value)):
        return toml_text({a.name: getattr(value, a.name) for a in attrs.fields(type(value))})
    return str(value)


def shown(value: Any, type_: Any) -> str:
    """Write a value of a type as TOML does; ``***`` for all of what may have secrets in it."""
    return '"***"' if value is not None and mentions_secret(type_) else toml_text(value)


def either(words: Sequence[str]) -> str:
    """Join words that are alternatives, ``a, b or c``."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _of(item: Any) -> str:
    if item in _PLURAL:
        return f" of {_PLURAL[item]}"
    return " of tables" if is_table(item) else ""


def _kind(value: Any) -> str:
    match value:
        case str():
            return "text"
        case bool():
            return "a boolean"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case datetime.datetime():
            return "a date and time"
        case datetime.date():
            return "a date"
        case datetime.time():
            return "a time"
        case list() | tuple():
            return "an array"
        case Mapping():
            return "a table"
        case None:
            return "nothing"
    return type(value).__name__
