"""Arrow values as JSON and as text."""

import base64
import json
import math
import re
from typing import Any

import pyarrow as pa

from flightstream.cli.text import printable

JSON_HELP = (
    "In JSON, dates, times and timestamps are ISO 8601 text, durations ISO 8601 in seconds,"
    " decimals text with all their digits, bytes base64, maps lists of [key, value] pairs, and"
    ' numbers that JSON lacks "NaN", "Infinity" and "-Infinity".'
)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def to_json(scalar: Any) -> Any:
    """Return an Arrow scalar as a JSON value; the rules are those of ``JSON_HELP``."""
    type_ = scalar.type
    if not scalar.is_valid:
        return None
    if isinstance(type_, pa.UuidType):
        return str(scalar.as_py())
    if isinstance(type_, pa.BaseExtensionType) or pa.types.is_run_end_encoded(type_):
        return to_json(scalar.value if hasattr(scalar, "value") else scalar.as_py())
    if pa.types.is_dictionary(type_) or pa.types.is_union(type_):
        return to_json(scalar.value)
    if pa.types.is_map(type_):
        return [[to_json(pair[0]), to_json(pair[1])] for pair in scalar.values]
    if pa.types.is_nested(type_) and not pa.types.is_struct(type_):
        return [to_json(item) for item in scalar.values]
    if pa.types.is_struct(type_):
        return {name: to_json(value) for name, value in scalar.items()}
    if pa.types.is_temporal(type_):
        return _temporal(scalar)
    if pa.types.is_decimal(type_):
        return f"{scalar.as_py():f}"
    return _plain(scalar)


def to_text(scalar: Any) -> str:
    """Return an Arrow scalar in one line, with control characters escaped."""
    value = to_json(scalar)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False)
    return printable(str(value))


def json_text(document: Any) -> str:
    """Write a JSON document; what a terminal might obey is escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return re.sub(r"[^\n -~]", lambda match: _escaped(match[0]), text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def _plain(scalar: Any) -> Any:
    try:
        value = scalar.as_py()
    except UnicodeDecodeError:  # Arrow does not hold strings from others against UTF-8
        value = scalar.as_buffer().to_pybytes().decode(errors="backslashreplace")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return value


def _temporal(scalar: Any) -> str:
    type_ = scalar.type
    if pa.types.is_duration(type_):
        return f"PT{_seconds(scalar.value, _PER_SECOND[type_.unit])}S"
    if pa.types.is_interval(type_):
        months, days, nanoseconds = scalar.as_py()
        return f"P{months}M{days}DT{_seconds(nanoseconds, 10**9)}S"
    if pa.types.is_timestamp(type_) and type_.tz is not None:
        # As UTC: what it is for certain, whatever zones this machine knows.
        utc = scalar.cast(pa.timestamp(type_.unit, "UTC")).cast(pa.timestamp(type_.unit))
        return f"{_temporal(utc)}Z"
    text: str = scalar.cast(pa.string()).as_py()
    text = text.replace(" ", "T")
    return re.sub(r"(:\d\d)\.(\d*?)0+$", lambda m: f"{m[1]}.{m[2]}" if m[2] else m[1], text)


def _seconds(count: int, per_second: int) -> str:
    sign, whole = "-" if count < 0 else "", abs(count)
    digits = len(str(per_second)) - 1
    fraction = f"{whole % per_second:0{digits}d}".rstrip("0") if digits else ""
    return f"{sign}{whole // per_second}{'.' if fraction else ''}{fraction}"
