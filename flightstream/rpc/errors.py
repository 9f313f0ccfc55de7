"""Errors on their way to Arrow Flight, in one table."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

import structlog
from pyarrow import flight

from flightstream.errors import (
    Cancelled,
    FlightStreamError,
    PermissionDenied,
    PluginError,
    Unauthenticated,
    Unavailable,
)
from flightstream.wire import error_to_json

log = structlog.get_logger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

# Flight has no class for the other gRPC codes that Python could raise; clients
# that want more than the message read the code in ``extra_info``.
_CLASSES: dict[type[FlightStreamError], Any] = {
    Unauthenticated: flight.FlightUnauthenticatedError,
    PermissionDenied: flight.FlightUnauthorizedError,
    Unavailable: flight.FlightUnavailableError,
    Cancelled: flight.FlightCancelledError,
    PluginError: flight.FlightInternalError,
    FlightStreamError: flight.FlightInternalError,
}


def to_flight_error(error: BaseException) -> Exception:
    """Return what may be raised to Arrow; anything else would send a traceback.

    An exception that is not ours is a bug of the core: it is logged, and the
    client learns only under which call.
    """
    if not isinstance(error, FlightStreamError):
        call = uuid4().hex[:12]
        log.error("unexpected_error", call=call, exc_info=error)
        error = FlightStreamError(f"the server failed; its log has call {call}", call=call)
    message, details = error_to_json(error, error.call or "")
    error_class = _CLASSES.get(type(error), flight.FlightServerError)
    failure: Exception = error_class(message, extra_info=details)
    return failure


def raising_flight_errors(handler: Callable[P, R]) -> Callable[P, R]:
    """Let nothing but Flight's own errors out of a handler."""

    @wraps(handler)
    def handle(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except BaseException as exc:  # Arrow sends the traceback of any
            failure = to_flight_error(exc)
        try:
            raise failure
        finally:
            del failure  # its traceback has this frame, and so all that the call was given

    return handle


def raising_without_traceback(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Do the same for GetSchema, where Arrow sends a traceback whatever is raised.

    The error is raised by one function whose code object names no file, so the
    traceback holds no path of the server.
    """

    def get_schema(*args: Any) -> Any:
        try:
            return handler(*args)
        except BaseException as exc:  # Arrow sends the traceback of any
            failure = to_flight_error(exc)
        try:
            raise failure.with_traceback(None) from None
        finally:
            del failure

    get_schema.__code__ = get_schema.__code__.replace(co_filename="flightstream")
    return get_schema
