"""What the errors of a store mean, without the texts they come with."""

import re

from attrs import frozen
from botocore import exceptions as boto

from flightstream import FlightStreamError, NotFound, Stale, Unavailable

_ARROW = re.compile(r"AWS Error (\w+)(?: \(HTTP status (\d+)\))? during")
_CURL = re.compile(r"curlCode: (\d+)")


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


NO_KEYS = Failure(
    "there are no credentials for the store",
    "set access_key and secret_key, or anonymous = true for a public bucket",
    is_certain=True,
)
UNKNOWN_KEY = Failure("the store does not know the access key", "check access_key", is_certain=True)
WRONG_SECRET = Failure(
    "the secret key does not fit the access key", "check secret_key", is_certain=True
)
EXPIRED = Failure(
    "the session token is wrong or has expired", "renew session_token", is_certain=True
)
CLOCK = Failure(
    "the clocks of the store and this server differ", "set this server's clock", is_certain=True
)
FORBIDDEN = Failure(
    "the store does not allow it with these credentials",
    "allow s3:ListBucket for the bucket and s3:GetObject for what is in it",
    is_certain=True,
)
NO_BUCKET = Failure(
    "there is no such bucket", "check the URI and endpoint", is_certain=True, error=NotFound
)
OTHER_REGION = Failure(
    "the bucket is in another region", "set region to that of the bucket", is_certain=True
)
NO_ROLE = Failure("the credentials of the environment cannot be used", "check profile and role")
SILENT = Failure("the store does not answer in time", "try again, or raise request_timeout_seconds")
UNREACHABLE = Failure("the store cannot be reached", "check endpoint and that it runs")
INSECURE = Failure(
    "the store's certificate cannot be trusted",
    "check endpoint, and the certificates in AWS_CA_BUNDLE",
)
BUSY = Failure("the store is overloaded or failing", "try again later")
CHANGED = Failure("a file changed while it was read", "ask for the flight again", error=Stale)
STRANGE = Failure("the store gave an answer that means nothing", "check endpoint")

_CODES = {
    "InvalidAccessKeyId": UNKNOWN_KEY,
    "SignatureDoesNotMatch": WRONG_SECRET,
    "ExpiredToken": EXPIRED,
    "InvalidToken": EXPIRED,
    "RequestTimeTooSkewed": CLOCK,
    "AccessDenied": FORBIDDEN,
    "AllAccessDisabled": FORBIDDEN,
    "NoSuchBucket": NO_BUCKET,
    "PermanentRedirect": OTHER_REGION,
    "AuthorizationHeaderMalformed": OTHER_REGION,
    "IllegalLocationConstraintException": OTHER_REGION,
    "NoSuchKey": CHANGED,
    "InvalidRange": CHANGED,
    "SlowDown": BUSY,
    "RequestTimeout": SILENT,
    "NetworkConnection": UNREACHABLE,  # these two are Arrow's
    "ResourceNotFound": CHANGED,
}
_STATUSES = {301: OTHER_REGION, 401: FORBIDDEN, 403: FORBIDDEN, 416: CHANGED, 429: BUSY}
# As Arrow's own client calls them, ACCESS_DENIED for AccessDenied.
_SCREAMING = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper(): of for name, of in _CODES.items()}
_CURL_CODES = {"28": SILENT, "35": INSECURE, "60": INSECURE}
_TYPES: tuple[tuple[type[Exception], Failure], ...] = (
    (boto.NoCredentialsError, NO_KEYS),
    (boto.PartialCredentialsError, NO_KEYS),
    (boto.CredentialRetrievalError, NO_ROLE),
    (boto.ProfileNotFound, NO_ROLE),
    (boto.ConnectTimeoutError, SILENT),
    (boto.ReadTimeoutError, SILENT),
    (boto.SSLError, INSECURE),
    (boto.ConnectionError, UNREACHABLE),  # no such host, refused, broken off
    (boto.HTTPClientError, UNREACHABLE),
)


def of_listing(exc: Exception) -> Failure:
    """Return what an error of the client that lists means."""
    if isinstance(exc, boto.ClientError):
        if exc.operation_name == "AssumeRole":
            return NO_ROLE
        code = str(exc.response.get("Error", {}).get("Code"))
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return _of(_CODES.get(code), int(status))
    return next((of for kind, of in _TYPES if isinstance(exc, kind)), STRANGE)


def of_reading(exc: OSError) -> FlightStreamError | None:
    """Return what an error of Arrow's filesystem means; ``None`` if it is no error of a store."""
    found = _ARROW.search(str(exc))
    if found is None:
        return None
    known = _SCREAMING.get(found[1])
    if curl := _CURL.search(str(exc)):
        known = _CURL_CODES.get(curl[1], UNREACHABLE)
    return _of(known, int(found[2] or 0)).told()


def _of(known: Failure | None, status: int) -> Failure:
    if known is not None:
        return known
    return BUSY if status >= 500 else _STATUSES.get(status, STRANGE)
