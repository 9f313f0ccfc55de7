"""What an option may be, told when the configuration is read."""

import codecs
from typing import Any

import pyarrow as pa

import flightstream
from flightstream_csv.convert import convert
from flightstream_csv.dialect import Dialect


def parse_type(name: str) -> pa.DataType:
    """Return the Arrow type of a name such as ``int64`` or ``decimal128(10, 2)``.

    Raises:
        ValueError: There is none, or it cannot be read from CSV.
    """
    type_ = flightstream.parse_type(name)
    try:
        if pa.types.is_null(type_):
            raise ValueError("it has no values")
        if not pa.types.is_decimal256(type_):
            convert(pa.array([None], pa.string()), type_, Dialect())
    except (ValueError, pa.ArrowException) as exc:
        raise ValueError(f"{name!r} is no type that CSV can be read as") from exc
    return type_


def is_type_names(_instance: Any, _attribute: Any, value: dict[str, str]) -> None:
    """Refuse names that are no types."""
    for name in value.values():
        parse_type(name)


def is_mark(_instance: Any, attribute: Any, value: str | None) -> None:
    """Refuse what is not one ASCII character."""
    if (
        value
        and value != r"\t"
        and (len(value) != 1 or not "\t" <= value <= "~" or value in "\r\n")
    ):
        raise ValueError(f"{value!r} is not one ASCII character")
    if value == "" and attribute.name not in ("quote", "escape"):
        raise ValueError("it may not be empty")


def is_encoding(_instance: Any, _attribute: Any, value: str) -> None:
    """Refuse an encoding that is not known, or not one of text."""
    try:
        known = codecs.lookup(value)
        "".encode(value)
    except (LookupError, ValueError) as exc:
        raise ValueError(f"{value!r} is no encoding, like utf-8, latin-1 or cp1252") from exc
    if known.name in (
        "unicode-escape",
        "raw-unicode-escape",
        "idna",
        "punycode",
        "undefined",
    ):
        raise ValueError(f"{value!r} is no encoding of files")


def is_header(_instance: Any, _attribute: Any, value: bool | tuple[str, ...]) -> None:
    """Refuse a list of names that is empty."""
    if not isinstance(value, bool) and not value:
        raise ValueError("the list of names is empty: false stands for no header")


def is_distinct(instance: Any, _attribute: Any, _value: Any) -> None:
    """Refuse two of the marks being the same character.

    Args:
        instance: The adapter; ``None`` while its options are looked at one by one.
    """
    if instance is None:
        return
    marks: dict[str, str] = {}
    for name in ("delimiter", "quote", "escape", "decimal_point"):
        mark = getattr(instance, name, None)
        if name == "delimiter" and mark is None:
            mark = ","
        if mark and mark in marks:
            raise ValueError(f"{name} and {marks[mark]} are both {mark!r}")
        if mark:
            marks[mark] = name
