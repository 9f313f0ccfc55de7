"""How a file is written, and what its texts mean."""

from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa
from attrs import field, frozen

_NO_TYPES: Mapping[str, pa.DataType] = MappingProxyType({})


@frozen(kw_only=True)
class Dialect:
    """The options of the adapter, as they apply to one file.

    Args:
        delimiter: One ASCII character.
        quote: One ASCII character, or ``""`` where nothing is quoted.
        escape: One ASCII character, or ``""``.
        encoding: As Python names it; a byte order mark in the file wins.
        header: ``True``: the first record names the columns. ``False``: no
            header, the names are made up. Or the names, with no header.
        skip_rows: Lines to leave out before the header.
        null_values: The texts that are null; ``None`` finds out.
        formats: ``strptime`` formats of dates and timestamps, beside ISO 8601.
        column_types: Types that are not inferred, by column.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    encoding: str = "utf-8"
    header: bool | tuple[str, ...] = True
    skip_rows: int = 0
    decimal_point: str = "."
    null_values: tuple[str, ...] | None = None
    true_values: tuple[str, ...] = ("true", "True", "TRUE")
    false_values: tuple[str, ...] = ("false", "False", "FALSE")
    formats: tuple[str, ...] = ()
    column_types: Mapping[str, pa.DataType] = field(default=_NO_TYPES, hash=False)
