"""Columns that are written in paths, ``year=2024/country=de/part-0.parquet``."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from flightstream.errors import InvalidData

_NULL = "__HIVE_DEFAULT_PARTITION__"
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def keys_of(names: Sequence[str]) -> dict[str, pa.Array]:
    """Return the columns that the folders of files name, with a value for each file.

    A column is int64 if every value is a whole number, date32 if every value is
    an ISO date, else string. Values are percent-decoded;
    ``__HIVE_DEFAULT_PARTITION__`` is null.

    Args:
        names: The files' names within their source.

    Raises:
        InvalidData: One of the files has other columns in its path than the first.
    """
    rows = [_pairs(name) for name in names]
    first = rows[0].keys() if rows else ()
    for name, row in zip(names, rows, strict=True):
        if row.keys() != first:
            raise InvalidData(
                f"the path of the file {name!r} has the columns {_listed(row)}, and that of"
                f" {names[0]!r} has {_listed(first)}: files of one flight have the same"
            )
    return {key: _typed([row[key] for row in rows]) for key in first}


def _pairs(name: str) -> dict[str, str | None]:
    pairs: dict[str, str | None] = {}
    for part in name.split("/")[:-1]:
        key, equals, value = part.partition("=")
        if equals and key:
            pairs[unquote(key)] = None if value == _NULL else unquote(value)
    return pairs


def _typed(values: list[str | None]) -> pa.Array:
    known = [value for value in values if value is not None]
    readers: list[tuple[re.Pattern[str], Callable[[str], Any], pa.DataType]] = [
        (_WHOLE, int, pa.int64()),
        (_DATE, date.fromisoformat, pa.date32()),
    ]
    for pattern, read, type_ in readers:
        if known and all(map(pattern.fullmatch, known)):
            try:
                return pa.array([None if v is None else read(v) for v in values], type_)
            except ValueError:  # 2024-02-30
                continue
    return pa.array(values, pa.string())


def _listed(columns: Sequence[str] | Any) -> str:
    return ", ".join(map(repr, columns)) or "none"
