"""Errors on their way back from Arrow Flight."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from pyarrow import flight

from flightstream.client.patience import TimedOut
from flightstream.errors import (
    Cancelled,
    FlightStreamError,
    InvalidCommand,
    InvalidData,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from flightstream.wire import error_from_json

_CLASSES: dict[type[Exception], type[FlightStreamError]] = {
    flight.FlightUnauthenticatedError: Unauthenticated,
    flight.FlightUnauthorizedError: PermissionDenied,
    flight.FlightUnavailableError: Unavailable,
    flight.FlightTimedOutError: TimedOut,
    flight.FlightCancelledError: Cancelled,
    pa.ArrowInvalid: InvalidCommand,
    pa.ArrowKeyError: NotFound,
    pa.ArrowNotImplementedError: Unsupported,
}
_RESET = "RST_STREAM"  # how a proxy ends a stream whose server it has lost
_SENT = " gRPC client debug context:"


@contextmanager
def typed_errors() -> Iterator[None]:
    """Raise what the server meant instead of what Arrow makes of it."""
    error: FlightStreamError
    try:
        yield
    except UnicodeEncodeError:
        error = InvalidCommand("a name, a column or the filter is not UTF-8 text")
    except (pa.ArrowException, OSError, KeyError) as exc:
        error = from_flight_error(exc)
    else:
        return
    raise error


@contextmanager
def readable(uri: str) -> Iterator[None]:
    """Tell what Arrow here makes of a stream from what the server said of it."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as exc:
        if getattr(exc, "extra_info", None) or _SENT in str(exc):
            raise
        error = InvalidData(f"what {uri} sent is not Arrow data that can be read: {_brief(exc)}")
    else:
        return
    raise error


@contextmanager
def lacking(what: str) -> Iterator[None]:
    """Say what a server lacks, where that itself says little more than that."""
    try:
        yield
    except Unsupported as exc:
        if exc.call is not None:  # the words of a server of ours
            raise
        says_nothing = exc.message == pa.ArrowNotImplementedError.__name__
        error = Unsupported(what if says_nothing else f"{what}: {exc.message}")
        raise error from exc


def from_flight_error(exc: Exception) -> FlightStreamError:
    """Return the error that came over the wire.

    An error without a code did not come from a FlightStream server: it is
    gRPC's own, or another server's.
    """
    message = _brief(exc)
    details: Any = getattr(exc, "extra_info", None)
    if details:
        return error_from_json(message, bytes(details))
    if _RESET in message:
        return Unavailable(message)
    return _CLASSES.get(type(exc), FlightStreamError)(message)


def _brief(exc: Exception) -> str:
    # Servers of Arrow in Python send their tracebacks along.
    text = str(exc).partition(_SENT)[0].partition(". Detail: ")[0]
    return " ".join(text.split())[:500] or type(exc).__name__
