"""What the errors of a store mean, without the texts they come with."""

import re

from attrs import frozen

from flightstream import FlightStreamError, NotFound, Stale, Unavailable

_ARROW = re.compile(r"google::cloud::Status\((\w+):")
_STATUS = re.compile(r"status code: (\d{3})")
_KIND = re.compile(r"kind: (Connect|Timeout)\b|(timed out)")


@frozen
class Failure:
    """Why a store cannot be used.

    Args:
        problem: What is wrong, for everybody: it names no bucket.
        cure: What the operator does about it.
        is_certain: Whether it stays so until somebody does.
        error: What a call ends with.
    """

    problem: str
    cure: str
    is_certain: bool = False
    error: type[FlightStreamError] = Unavailable

    def __str__(self) -> str:
        return f"{self.problem}: {self.cure}"

    def told(self) -> FlightStreamError:
        """Return the error that ends a call."""
        return self.error(str(self))


UNKNOWN = Failure(
    "the store does not know who asks",
    "set GOOGLE_APPLICATION_CREDENTIALS, or anonymous = true for a public bucket",
    is_certain=True,
)
FORBIDDEN = Failure(
    "the store does not allow it with these credentials",
    "grant storage.objects.list and storage.objects.get",
    is_certain=True,
)
NO_BUCKET = Failure(
    "there is no such bucket", "check the URI and endpoint", is_certain=True, error=NotFound
)
BAD_NAME = Failure(
    "an object has a name that no file can have",
    "rename it, or choose a prefix without it: a name has no empty part, as in a//b",
)
SILENT = Failure("the store does not answer in time", "try again, or raise request_timeout_seconds")
UNREACHABLE = Failure("the store cannot be reached", "check endpoint and that it runs")
BUSY = Failure("the store is overloaded or failing", "try again later")
CHANGED = Failure("a file changed while it was read", "ask for the flight again", error=Stale)
STRANGE = Failure("the store gave an answer that means nothing", "check endpoint")

_STATUSES = {400: STRANGE, 401: UNKNOWN, 403: FORBIDDEN, 404: NO_BUCKET, 429: BUSY}
_ARROW_CODES = {
    "unauthenticated": UNKNOWN,
    "permission_denied": FORBIDDEN,
    "not_found": CHANGED,
    "out_of_range": CHANGED,
    "failed_precondition": CHANGED,
    "deadline_exceeded": SILENT,
}


def of_listing(exc: Exception) -> Failure:
    """Return what an error of obstore means, which says it in its text alone."""
    text = str(exc)
    if "invalid path" in text:
        return BAD_NAME
    if found := _STATUS.search(text):
        status = int(found[1])
        return BUSY if status >= 500 else _STATUSES.get(status, STRANGE)
    if found := _KIND.search(text):
        return UNREACHABLE if found[1] == "Connect" else SILENT
    if "error sending request" in text:
        return UNREACHABLE
    return UNKNOWN if "redential" in text or "metadata" in text else STRANGE


def of_reading(exc: OSError) -> FlightStreamError | None:
    """Return what an error of Arrow's filesystem means; ``None`` if it is no error of a store."""
    found = _ARROW.search(str(exc))
    if found is None:
        return None
    failure = _ARROW_CODES.get(found[1].lower(), BUSY)
    if failure is BUSY and "CURL error [28]" in str(exc):
        failure = SILENT
    elif failure is BUSY and "CURL error" in str(exc):
        failure = UNREACHABLE
    return failure.told()
