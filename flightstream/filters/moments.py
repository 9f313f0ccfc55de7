"""Dates, times and timestamps as text, exactly."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from zoneinfo import ZoneInfo

from attrs import frozen

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
DAY_SECONDS = 86_400
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<rest>\.[0-9]{1,18})?)?"
_ZONE = r"\s?(?P<zone>Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_DATE = r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_MOMENT = re.compile(rf"{_DATE}(?:[T ]{_TIME}(?:{_ZONE})?)?")
_CLOCK = re.compile(_TIME)
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?")
_FIRST = -(_EPOCH_ORDINAL - 1) * DAY_SECONDS
_LAST = (date.max.toordinal() - _EPOCH_ORDINAL + 1) * DAY_SECONDS


@frozen
class Moment:
    """A date or timestamp literal.

    Args:
        seconds: Since 1970 on the literal's own clock.
        offset_seconds: How far that clock is ahead of UTC; ``None``: not said.
        is_date: It has no time of day.
    """

    seconds: Fraction
    offset_seconds: int | None
    is_date: bool

    def seconds_in(self, zone: tzinfo) -> Fraction | None:
        """Return seconds since 1970 in UTC; the literal's own offset goes first.

        A time that a zone's clock shows twice is the earlier one; one that it
        skips is as if the clock had not been put forward yet. ``None``: before
        year 1 or after 9999.
        """
        offset = self.offset_seconds
        if offset is None:
            wall = datetime.min + timedelta(seconds=int(self.seconds - _FIRST))
            delta = wall.replace(tzinfo=zone).utcoffset() or timedelta()
            offset = delta.days * DAY_SECONDS + delta.seconds
        seconds = self.seconds - offset
        return seconds if _FIRST <= seconds < _LAST else None


def parse_moment(text: str) -> Moment | None:
    """Return what ISO 8601 text means, or ``None``: ``2020-01-31[T10:00[:00[.5]]][+01:00]``."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    try:
        days = date.fromisoformat(match["date"]).toordinal() - _EPOCH_ORDINAL
    except ValueError:
        return None
    time = Fraction(0) if match["hour"] is None else _seconds_of_day(match)
    if time is None:
        return None
    offset = None
    if match["zone"] is not None:
        zone = parse_offset("+00:00" if match["zone"] in "Zz" else match["zone"])
        if zone is None:
            return None
        offset = int(zone.total_seconds())
    return Moment(days * DAY_SECONDS + time, offset, match["hour"] is None)


def parse_clock(text: str) -> Fraction | None:
    """Return the seconds since midnight that ``10:00[:00[.5]]`` means, or ``None``."""
    match = _CLOCK.fullmatch(text)
    return None if match is None else _seconds_of_day(match)


def parse_offset(text: str) -> timedelta | None:
    """Return what ``+01:00`` means, or ``None``."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    hours, minutes = int(match[2]), int(match[3] or 0)
    if hours > 23 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if match[1] == "-" else offset


def find_zone(name: str) -> tzinfo | None:
    """Return the zone of an Arrow timestamp, or ``None`` if it is not known here."""
    offset = parse_offset(name)
    if offset is not None:
        return timezone(offset)
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def format_timestamp(units: int, unit: str, *, zoned: bool) -> str:
    """Return the text that ``parse_moment`` reads as so many units since 1970."""
    seconds, rest = divmod(units, UNITS[unit])
    days, seconds = divmod(seconds, DAY_SECONDS)
    day = date.fromordinal(days + _EPOCH_ORDINAL).isoformat()
    return f"{day} {format_clock(seconds * UNITS[unit] + rest, unit)}" + ("+00:00" * zoned)


def format_clock(units: int, unit: str) -> str:
    """Return the text that ``parse_clock`` reads as so many units since midnight."""
    seconds, rest = divmod(units, UNITS[unit])
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    digits = len(str(UNITS[unit])) - 1
    return f"{text}.{rest:0{digits}}".rstrip("0") if rest else text


def _seconds_of_day(match: re.Match[str]) -> Fraction | None:
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        return None
    return hour * 3600 + minute * 60 + second + Fraction(f"0{match['rest'] or '.0'}")
