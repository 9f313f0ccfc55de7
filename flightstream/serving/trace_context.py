"""The W3C Trace Context that a call brings along, held against its grammar.

https://www.w3.org/TR/trace-context/, sections 3.2 and 3.3.
"""

import re
from collections.abc import Mapping

_PARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# A later version may say more behind this, which nobody here could read.
_LATER = re.compile(_PARENT.pattern + r"(?:-[\x21-\x7e]*)?")
_KEY = r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
_VALUE = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER = re.compile(f"{_KEY}={_VALUE}")
_MAX_MEMBERS = 32
_MAX_PARENT_LENGTH = 256
_MAX_STATE_LENGTH = 4096


def trace_context(headers: Mapping[str, tuple[str, ...]]) -> tuple[str | None, str | None]:
    """Return the ``traceparent`` and the ``tracestate`` of a call.

    What is not well-formed or too long is ``None``, as if it had not been sent;
    without a parent there is no state.
    """
    parent = _parent(headers.get("traceparent", ()))
    return parent, None if parent is None else _state(headers.get("tracestate", ()))


def _parent(values: tuple[str, ...]) -> str | None:
    if len(values) != 1 or len(values[0]) > _MAX_PARENT_LENGTH:
        return None
    pattern = _PARENT if values[0].startswith("00") else _LATER
    return values[0] if pattern.fullmatch(values[0]) else None


def _state(values: tuple[str, ...]) -> str | None:
    """Return the members of all headers in one line."""
    if sum(map(len, values)) > _MAX_STATE_LENGTH:
        return None
    members = [one for value in values for one in map(_stripped, value.split(",")) if one]
    keys = {member.partition("=")[0] for member in members}
    if not members or len(members) > _MAX_MEMBERS or len(keys) < len(members):
        return None
    return ",".join(members) if all(map(_MEMBER.fullmatch, members)) else None


def _stripped(member: str) -> str:
    return member.strip(" \t")
