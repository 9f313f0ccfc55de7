"""What a client tells of its work, to a function and to structlog."""

from collections.abc import Callable
from typing import TypeAlias

import structlog
from attrs import define, frozen

from flightstream.errors import FlightStreamError

log = structlog.get_logger()


@frozen
class Connecting:
    """A server is asked for the first time, or again after it was lost.

    .. versionadded:: 0.1
    """

    uri: str


@frozen
class Connected:
    """It has answered.

    .. versionadded:: 0.1
    """

    uri: str
    seconds: float


@frozen
class Retrying:
    """Something is tried again.

    Args:
        uri: Of the server that failed.
        attempt: The number of the attempt that follows, from 2.
        wait_seconds: How long it is waited for; 0 where the next one is asked elsewhere.
        error: Why.

    .. versionadded:: 0.1
    """

    uri: str
    attempt: int
    wait_seconds: float
    error: FlightStreamError


@frozen
class Progress:
    """A batch of a stream has arrived.

    Args:
        flight: The flight's path.
        rows: So far.
        bytes: So far, in Arrow's memory.
        total_records: How many rows there will be, if that is known.

    .. versionadded:: 0.1
    """

    flight: str
    rows: int
    bytes: int
    total_records: int | None


@frozen
class Finished:
    """A stream has come to its end, or was left.

    Args:
        flight: The flight's path.
        rows: All that arrived.
        bytes: Their size in Arrow's memory.
        seconds: From the first batch that was asked for.
        error: What ended it early.

    .. versionadded:: 0.1
    """

    flight: str
    rows: int
    bytes: int
    seconds: float
    error: BaseException | None


@frozen
class Recalled:
    """Rows, or what a flight is described as, come from the folder of ``offline``.

    Args:
        flight: The flight's path.
        age_seconds: How long ago the server last said that they are right.
        is_away: Whether that is so because the server is away, or is not to be asked.

    .. versionadded:: 0.1
    """

    flight: str
    age_seconds: float
    is_away: bool


@frozen
class NotKept:
    """What was read could not be kept, and the reading goes on.

    Args:
        flight: The flight's path.
        reason: Why, such as a disk that is full.

    .. versionadded:: 0.1
    """

    flight: str
    reason: str


Event: TypeAlias = Connecting | Connected | Retrying | Progress | Finished | Recalled | NotKept


@define(eq=False)
class Teller:
    """Passes events on.

    Args:
        on_event: Called on the thread where it happens; what it raises is raised there.
    """

    on_event: Callable[[Event], object] | None = None

    def __call__(self, event: Event) -> None:
        """Pass an event on."""
        if self.on_event is not None:
            self.on_event(event)
        # Without a configuration, structlog writes to the program's standard output.
        if structlog.is_configured():
            _log(event)


def _log(event: Event) -> None:
    match event:
        case Connecting(uri):
            log.debug("client_connecting", uri=uri)
        case Connected(uri, seconds):
            log.debug("client_connected", uri=uri, seconds=round(seconds, 6))
        case Retrying(uri, attempt, wait_seconds, error):
            waited = round(wait_seconds, 3)
            log.warning(
                "client_retrying", uri=uri, attempt=attempt, wait_seconds=waited, error=str(error)
            )
        case Progress(flight, rows, size, total):
            log.debug("client_progress", flight=flight, rows=rows, bytes=size, total_records=total)
        case Recalled(flight, age_seconds, is_away):
            aged = round(age_seconds, 3)
            log.info("client_recalled", flight=flight, age_seconds=aged, is_away=is_away)
        case NotKept(flight, reason):
            log.warning("client_not_kept", flight=flight, reason=reason)
        case Finished(flight, rows, size, seconds, error):
            log.info(
                "client_finished",
                flight=flight,
                rows=rows,
                bytes=size,
                seconds=round(seconds, 6),
                error=None if error is None else str(error) or type(error).__name__,
            )
