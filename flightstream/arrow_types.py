"""Arrow types by the names that people write in a configuration."""

import re
from zoneinfo import available_timezones

import pyarrow as pa

_ALIASES = {
    "date": "date32", "datetime": "timestamp[us]", "timestamp": "timestamp[us]",
    "integer": "int64", "text": "string", "str": "string", "boolean": "bool",
}  # fmt: skip
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns), *(?:tz=)?([^\]]+)\]")
_DECIMAL = re.compile(r"decimal(128|256)?\( *(\d+) *, *(\d+) *\)")


def parse_type(name: str) -> pa.DataType:
    """Return the Arrow type of a name such as ``int64`` or ``decimal128(10, 2)``.

    Known are Arrow's own names of types that hold no others, ``timestamp[us, UTC]``,
    ``decimal128(10, 2)`` and ``decimal256(60, 2)``, and ``date``, ``datetime``,
    ``timestamp``, ``integer``, ``text``, ``str`` and ``boolean``.

    Raises:
        ValueError: There is no such type.

    .. versionadded:: 0.1
    """
    name = name.strip()
    try:
        if found := _TIMESTAMP.fullmatch(name):
            return pa.timestamp(found[1], _zone(found[2].strip()))
        if found := _DECIMAL.fullmatch(name):
            make = pa.decimal256 if found[1] == "256" else pa.decimal128
            return make(int(found[2]), int(found[3]))
        return pa.type_for_alias(_ALIASES.get(name, name))
    except (ValueError, pa.ArrowException) as exc:
        raise ValueError(
            f"{name!r} is no type like int64, double, string, bool, date32, timestamp[us],"
            " timestamp[us, UTC], time64[us] or decimal128(18, 2)"
        ) from exc


def _zone(name: str) -> str:
    if not re.fullmatch(r"[+-]\d\d:\d\d", name) and name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone")
    return name
