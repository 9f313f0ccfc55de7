"""Dates and timestamps as people write them."""

from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from flightstream_csv.convert import castable, each

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# Nanoseconds reach from 1677 to 2262; beyond, Arrow before 26 wraps them around.
NEAR_DATE = (
    r"(?:1(?:6(?:7[89]|[89][0-9])|[7-9][0-9]{2})|2(?:[01][0-9]{2}|2(?:[0-5][0-9]|6[01])))"
    r"-[0-9]{2}-[0-9]{2}"
)
TIME = r"[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,%d})?)?"
ZONE = r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"


def strptime(values: pa.StringArray, formats: tuple[str, ...], type: pa.DataType) -> pa.Array:
    """Return the moment that each text means, null if none.

    Args:
        values: The texts.
        formats: Tried in this order, and ISO 8601 at last.
        type: A timestamp in microseconds; with a zone, only formats with
            ``%z`` count, without one only those without.
    """
    moments = pa.nulls(len(values), type)
    for format in formats:
        parsed = pc.strptime(values, format=format, unit="us", error_is_null=True)
        if parsed.type.tz is None and type.tz is not None:
            continue
        # Arrow lets the 31st of February run over into March.
        doubtful = pc.and_(
            pc.less_equal(pc.day(parsed), 3),
            pc.match_substring_regex(values, "29|3[01]"),
        ).fill_null(False)
        if doubtful.true_count:
            where = parsed.is_valid().fill_null(False)
            exists = each(values, doubtful, partial(_exists, format), where)
            parsed = pc.if_else(exists, parsed, None)
        moments = pc.coalesce(moments, parsed.cast(type))
    iso = DATE + (TIME % 6 + ZONE if type.tz else f"(?:{TIME % 6})?")
    matches = pc.match_substring_regex(values, f"^(?:{iso})$").fill_null(False)
    if matches.true_count:
        texts = pc.if_else(matches, values, None)
        moments = pc.coalesce(moments, pc.if_else(castable(texts, type), texts, None).cast(type))
    return moments


def _exists(format: str, text: str) -> bool:
    try:
        datetime.strptime(text, format)
    except ValueError:
        return False
    return True
