"""Commands, tickets and errors as they travel; nothing here depends on the transport.

A command is a JSON object, for example
``{"flight": "sales/orders", "columns": ["id"], "filter": "fare > 10", "limit": 5}``,
or just the name of a flight. A ticket is the same, with ``version`` and
``partition`` added by the server.
"""

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Self

import attrs
from attrs import field, frozen

from flightstream import errors
from flightstream.errors import FlightStreamError, InvalidCommand

MAX_COMMAND_BYTES = 64 * 1024
# All of gRPC's metadata has to stay below 8 KB, and an error is in it twice, encoded.
MAX_MESSAGE_BYTES = 1000
_MAX_DETAIL_BYTES = 200
_NAME_KEYS = (
    "flight",
    "dataset",
    "table",
    "path",
)  # all but the first for compatibility
_MAX_ROWS = 2**63 - 1


@frozen
class Command:
    """What a client asks of a flight.

    Args:
        flight: The path's parts; the source may be left out where only one
            source has the name.
        columns: The columns wanted, in this order; ``None`` for all.
        filter: SQL text, see :class:`~flightstream.filters.Filter`.
        limit: The greatest number of rows wanted.
        offset: How many rows to leave out first; within the partition, if any.
        partitions: How many parts GetFlightInfo should cut the flight into.
        partition: ``(k, n)``: read part ``k`` of the plan for ``n`` parts.
        version: The version that the ticket was made for.
    """

    flight: tuple[str, ...]
    columns: tuple[str, ...] | None = field(default=None, kw_only=True)
    filter: str | None = field(default=None, kw_only=True)
    limit: int | None = field(default=None, kw_only=True)
    offset: int = field(default=0, kw_only=True)
    partitions: int = field(default=1, kw_only=True)
    partition: tuple[int, int] | None = field(default=None, kw_only=True)
    version: str | None = field(default=None, kw_only=True)

    @classmethod
    def parse(cls, request: bytes | Sequence[bytes], max_bytes: int = MAX_COMMAND_BYTES) -> Self:
        """Read a ticket, or a descriptor's command or path; anyone may have written it.

        Args:
            request: JSON, the name of a flight, or the parts of its path.
            max_bytes: The longest that is read.

        Raises:
            InvalidCommand: It is too long, or not what a command looks like.
        """
        if not isinstance(request, bytes):
            return cls(_parse_name(_decode(b"/".join(request), max_bytes)))
        text = _decode(request, max_bytes)
        if not text.lstrip().startswith("{"):
            return cls(_parse_name(text))
        try:
            document = _DECODER.decode(text)
            if "\\u" in text:  # refuses half a surrogate pair
                _ENCODER.encode(document).encode()
        except (ValueError, RecursionError) as exc:
            raise InvalidCommand("the command looks like JSON, but is not") from exc
        return cls._from_document(document)

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> Self:
        names = [key for key in _NAME_KEYS if key in document]
        if len(names) != 1:
            raise InvalidCommand('a command names its flight once: {"flight": "source/name"}')
        values = {key: value for key, value in document.items() if key not in names}
        for key in values.keys() - _PARSERS.keys():
            near = get_close_matches(key, _PARSERS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {sorted(_PARSERS)}"
            raise InvalidCommand(f"unknown key {key[:40]!r} in the command: {hint}")
        parsed = {
            key: _PARSERS[key](key, value) for key, value in values.items() if value is not None
        }
        return cls(_parse_name(document[names[0]]), **parsed)

    def to_bytes(self) -> bytes:
        """Write the command as JSON, leaving out what is not set."""
        document: dict[str, Any] = {"flight": "/".join(self.flight)}
        for name, default in _DEFAULTS:
            value = getattr(self, name)
            if value != default:
                document[name] = value
        return _ENCODER.encode(document).encode()


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two equal keys, what checks a command on its way may read another than we do.
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise InvalidCommand(f"the key {key[:40]!r} stands twice in the command")
        document[key] = value
    return document


_DEFAULTS = tuple((one.name, one.default) for one in attrs.fields(Command)[1:])
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(object_pairs_hook=_unambiguous)


def _decode(data: bytes, max_bytes: int) -> str:
    if len(data) > max_bytes:
        raise InvalidCommand(f"the command is longer than {max_bytes} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise InvalidCommand("the command is neither JSON nor the name of a flight") from exc


def _parse_name(name: Any) -> tuple[str, ...]:
    if isinstance(name, list) and all(isinstance(part, str) for part in name):
        name = "/".join(name)
    if not isinstance(name, str) or not name:
        raise InvalidCommand("the name of a flight is text like 'source/name', and not empty")
    return tuple(name.split("/"))


def _parse_columns(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(column, str) for column in value):
        raise InvalidCommand(f"{key!r} is a list of column names")
    if len(set(value)) < len(value):
        raise InvalidCommand(f"{key!r} names a column twice")
    return tuple(value)


def _parse_text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidCommand(f"{key!r} is text")
    return value


def _parse_number(key: str, value: Any, least: int = 0, most: int = _MAX_ROWS) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidCommand(f"{key!r} is a whole number from {least} to {most}")
    return value


def _parse_partitions(key: str, value: Any) -> int:
    return _parse_number(key, value, 1, 10_000)


def _parse_partition(key: str, value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidCommand(f"{key!r} is [part, parts]")
    parts = _parse_partitions(key, value[1])
    return _parse_number(key, value[0], 0, parts - 1), parts


_PARSERS: dict[str, Any] = {
    "columns": _parse_columns,
    "filter": _parse_text,
    "limit": _parse_number,
    "offset": _parse_number,
    "partitions": _parse_partitions,
    "partition": _parse_partition,
    "version": _parse_text,
}


def error_to_json(error: FlightStreamError, call: str) -> tuple[str, bytes]:
    """Return an error's message and its JSON, both short enough for gRPC metadata.

    The JSON has ``code``, ``message``, ``call``, and what else is known:
    ``flight``, ``row``, ``column``, ….
    """
    message = _shortened(_printable(" ".join(error.message.split())), MAX_MESSAGE_BYTES)
    document: dict[str, Any] = {"code": error.code, "message": message}
    for key, value in error.details().items():
        known = isinstance(value, int | float)
        document[key] = value if known else _shortened(str(value), _MAX_DETAIL_BYTES)
    document["call"] = call
    return message, json.dumps(document, ensure_ascii=False).encode()


def error_from_json(message: str, data: bytes) -> FlightStreamError:
    """Return the error that a server sent, with its class.

    An unknown code, from a newer server, becomes :class:`FlightStreamError`.

    Args:
        message: What to say if the JSON does not.
        data: As :func:`error_to_json` made it.
    """
    try:
        document = json.loads(data)
        error = _ERRORS.get(document.pop("code"), FlightStreamError)
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return FlightStreamError(message)
    known = {attribute.name for attribute in attrs.fields(error)}
    return error(**{"message": message} | {k: v for k, v in document.items() if k in known})


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _shortened(text: str, max_bytes: int) -> str:
    """Cut text to what takes no more than so many bytes within JSON, where letters are escaped."""
    text = text[: max_bytes + 1].encode(errors="backslashreplace").decode()
    if _json_bytes(text) <= max_bytes:
        return text
    size = end = 0
    for letter in text:
        size += _json_bytes(letter)
        if size > max_bytes:
            return text[:end] + "…"
        if size <= max_bytes - 3:
            end += 1
    return text


def _json_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


_ERRORS: dict[str, type[FlightStreamError]] = {
    error.code: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, FlightStreamError)
}
