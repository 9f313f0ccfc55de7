"""What the errors of Google's client mean, without the texts they come with."""

import requests.exceptions
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import (
    DefaultCredentialsError,
    GoogleAuthError,
    RefreshError,
    TransportError,
)

from flightstream import StoreFailure

ERRORS = (GoogleAPICallError, RetryError, GoogleAuthError, requests.exceptions.RequestException)

NO_CREDENTIALS = StoreFailure(
    "there are no credentials for the store",
    "set credentials or GOOGLE_APPLICATION_CREDENTIALS, or anonymous = true for a public bucket",
    is_certain=True,
)
REFUSED = StoreFailure(
    "Google does not accept the credentials",
    "check credentials, and that the key was not revoked",
    is_certain=True,
)
FORBIDDEN = StoreFailure(
    "the store does not allow it with these credentials",
    "grant storage.objects.list and storage.objects.get",
    is_certain=True,
)
INSECURE = StoreFailure(
    "the store's certificate cannot be trusted",
    "check endpoint, and the certificates in REQUESTS_CA_BUNDLE",
)

_STATUSES = {
    401: REFUSED,
    403: FORBIDDEN,
    404: StoreFailure.NO_BUCKET,
    408: StoreFailure.SILENT,
    412: StoreFailure.CHANGED,
    416: StoreFailure.CHANGED,
    429: StoreFailure.BUSY,
}
_TYPES: tuple[tuple[type[Exception], StoreFailure], ...] = (
    (DefaultCredentialsError, NO_CREDENTIALS),
    (requests.exceptions.Timeout, StoreFailure.SILENT),
    (requests.exceptions.SSLError, INSECURE),
    (requests.exceptions.RequestException, StoreFailure.UNREACHABLE),
    (TransportError, StoreFailure.UNREACHABLE),
)


def failure_of(exc: BaseException) -> StoreFailure:
    """Return what an error means; those of :data:`ERRORS` and their causes are known."""
    if isinstance(exc, RetryError) and exc.cause is not None:
        return failure_of(exc.cause)
    if isinstance(exc, RefreshError):
        return StoreFailure.BUSY if exc.retryable else REFUSED
    if isinstance(exc, GoogleAPICallError) and exc.code is not None:
        is_failing = exc.code >= 500
        return StoreFailure.BUSY if is_failing else _STATUSES.get(exc.code, StoreFailure.STRANGE)
    return next((of for kind, of in _TYPES if isinstance(exc, kind)), StoreFailure.STRANGE)


def is_missing(exc: Exception) -> bool:
    """Tell whether an error means that there is no such object."""
    return isinstance(exc, GoogleAPICallError) and exc.code == 404
