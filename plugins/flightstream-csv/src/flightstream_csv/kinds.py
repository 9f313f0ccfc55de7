"""What a column can be: an Arrow type, and which texts are values of it.

Arrow's converters take more than a column of a type should: ``00123`` and
``0x1F`` become integers, an integer beyond 2**53 a rounded double, and
``31.02.2023`` the 3rd of March. A kind says exactly which texts it stands for.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from attrs import field, frozen

from flightstream_csv.convert import castable, convert, each
from flightstream_csv.dialect import Dialect
from flightstream_csv.moments import DATE, NEAR_DATE, TIME, ZONE, strptime

Mask: TypeAlias = pa.BooleanArray
Check: TypeAlias = Callable[[pa.StringArray], Mask]

_INTEGER = r"-?(?:0|[1-9][0-9]*)"
_TEXTS = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
_CLOCK = re.compile(r"%[HIMSTRcXsprk]")


@frozen(eq=False)
class Kind:
    """A type of column.

    Args:
        type: What the column is in Arrow.
        pattern: A regular expression that all its texts match, whole.
        check: Tells which of the texts that match are values after all;
            ``None`` if matching is enough.
        parse: Makes values of texts that are known to be right, where Arrow's
            CSV reader cannot.
        exact: Whether Arrow's reader takes texts that do not match, such as
            ``00123``, so that somebody has to look for them.
    """

    type: pa.DataType
    pattern: str | None = None
    check: Check | None = field(default=None, repr=False)
    parse: Callable[[pa.StringArray], pa.Array] | None = field(default=None, repr=False)
    exact: bool = False

    @property
    def is_text(self) -> bool:
        """Whether an empty quoted field is a value of its own."""
        return self.type in _TEXTS

    @property
    def read_as(self) -> pa.DataType:
        """The type to read the column as."""
        return self.type if self.parse is None else pa.string()

    def valid(self, values: pa.StringArray) -> Mask:
        """Tell which texts are values; null where the text is."""
        if self.pattern is None:
            matches = pc.is_valid(values)
        else:
            matches = pc.match_substring_regex(values, f"^(?:{self.pattern})$")
        if self.check is None or not pc.any(matches).as_py():
            return matches
        good = matches.fill_null(False)
        if good.false_count == 0:
            return self.check(values)
        checked = np.zeros(len(values), np.bool_)
        where = good.to_numpy(zero_copy_only=False)
        checked[where] = self.check(values.filter(good)).to_numpy(zero_copy_only=False)
        return pa.array(checked, mask=values.is_null().to_numpy(zero_copy_only=False))

    def convert(self, values: pa.StringArray, dialect: Dialect) -> pa.Array:
        """Make values of texts that are valid, or null."""
        if self.parse is not None:
            return self.parse(values)
        return convert(values, self.type, dialect)


TEXT = Kind(pa.string())


def inferable(dialect: Dialect) -> tuple[Kind, ...]:
    """Return the kinds that a column may turn out to be, the best first."""
    booleans = "|".join(map(re.escape, dialect.true_values + dialect.false_values))
    point = re.escape(dialect.decimal_point)
    double = rf"-?(?:(?:0|[1-9][0-9]*)(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    utc = pa.timestamp("us", "UTC")
    kinds = [
        Kind(pa.bool_(), booleans) if booleans else None,
        Kind(pa.int64(), _spaced(_INTEGER), _fits_int64, exact=True),
        Kind(pa.decimal128(38, 0), _spaced(r"-?(?:0|[1-9][0-9]{0,37})"), exact=True),
        Kind(
            pa.decimal256(76, 0),
            _spaced(r"-?(?:0|[1-9][0-9]{0,75})"),
            parse=_decimal256,
            exact=True,
        ),
        Kind(
            pa.float64(),
            _spaced(rf"{double}|-?(?i:inf|infinity|nan)"),
            lambda values: _fits_double(values, dialect.decimal_point),
            exact=True,
        ),
        _iso(pa.date32(), DATE),
        _iso(pa.timestamp("us"), f"{DATE}(?:{TIME % 6})?"),
        _iso(utc, DATE + TIME % 6 + ZONE),
        _iso(pa.timestamp("ns"), f"{NEAR_DATE}(?:{TIME % 9})?"),
        _iso(pa.timestamp("ns", "UTC"), NEAR_DATE + TIME % 9 + ZONE),
    ]
    plain = tuple(format for format in dialect.formats if "%z" not in format)
    if dates := tuple(format for format in plain if not _CLOCK.search(format)):
        kinds.append(_formatted(pa.date32(), dates))
    if plain:
        kinds.append(_formatted(pa.timestamp("us"), plain))
    if zoned := tuple(format for format in dialect.formats if "%z" in format):
        kinds.append(_formatted(utc, zoned))
    return tuple(kind for kind in kinds if kind is not None)


def declared(type: pa.DataType, dialect: Dialect) -> Kind:
    """Return the kind of a column whose type the configuration gives.

    What it takes is what Arrow's converter takes: who declares ``int64``
    wants ``00123`` to be 123.
    """
    is_moment = pa.types.is_date(type) or pa.types.is_timestamp(type)
    if is_moment and dialect.formats:
        return _formatted(type, dialect.formats)
    if pa.types.is_decimal256(type):
        return Kind(
            type,
            check=lambda values: castable(values, type),
            parse=lambda values: values.cast(type),
        )
    kind = Kind(type)
    if kind.is_text:
        return kind
    return Kind(type, _loose(type, dialect), lambda values: castable(values, type, dialect))


def _loose(type: pa.DataType, dialect: Dialect) -> str | None:
    # Only to spare most of the search for wrong values; it may let them pass.
    if pa.types.is_integer(type):
        return _spaced("-?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
    if pa.types.is_floating(type) or pa.types.is_decimal(type):
        return _spaced(rf"[-+]?[0-9{re.escape(dialect.decimal_point)}]*(?:[eE][+-]?[0-9]+)?") + (
            "|" + _spaced("[-+]?(?i:inf|infinity|nan)")
        )
    if pa.types.is_boolean(type):
        return "|".join(map(re.escape, dialect.true_values + dialect.false_values)) or None
    if pa.types.is_date(type) or pa.types.is_timestamp(type):
        return rf"{DATE}(?:[ T][0-9:.]+{ZONE}?)?"
    return None


def _spaced(pattern: str) -> str:
    return rf"[ \t]*(?:{pattern})[ \t]*"


def _iso(type: pa.DataType, pattern: str) -> Kind:
    return Kind(type, pattern, lambda values: castable(values, type))


def _fits_int64(values: pa.StringArray) -> Mask:
    short = pc.less_equal(pc.binary_length(values), 18)
    if short.false_count == 0:
        return short
    return each(values, pc.invert(short), lambda text: -(2**63) <= int(text) < 2**63, short)


def _fits_double(values: pa.StringArray, point: str) -> Mask:
    # 9007199254740993 is no double, and 1e999 only infinity.
    doubtful = pc.and_(
        pc.or_(
            pc.greater_equal(pc.binary_length(values), 16),
            pc.match_substring_regex(values, r"[eE]\+?[0-9]{3}"),
        ),
        pc.match_substring_regex(values, "[0-9]"),
    )
    if doubtful.true_count == 0:
        return pc.invert(doubtful)

    def is_double(text: str) -> bool:
        number = float(text.replace(point, "."))
        return abs(number) != float("inf") and (
            not text.strip(" \t-").isdigit() or int(number) == int(text)
        )

    return each(values, doubtful, is_double, pc.invert(doubtful))


def _decimal256(values: pa.StringArray) -> pa.Array:
    return pc.utf8_trim(values, " \t").cast(pa.decimal256(76, 0))


def _formatted(type: pa.DataType, formats: tuple[str, ...]) -> Kind:
    moment = pa.timestamp("us", type.tz if pa.types.is_timestamp(type) else None)

    def check(values: pa.StringArray) -> Mask:
        moments = strptime(values, formats, moment)
        # A date has no time of day, and seconds no fraction.
        kept = moments.cast(type, safe=False).cast(moment, safe=False)
        return pc.equal(kept, moments).fill_null(False)

    def parse(values: pa.StringArray) -> pa.Array:
        return strptime(values, formats, moment).cast(type)

    return Kind(type, check=check, parse=parse)
