"""What the errors of a store mean, without the texts they come with."""

import re

from botocore import exceptions as boto

from flightstream import FlightStreamError, StoreFailure

_ARROW = re.compile(r"AWS Error (\w+)(?: \(HTTP status (\d+)\))? during")
_CURL = re.compile(r"curlCode: (\d+)")


NO_KEYS = StoreFailure(
    "there are no credentials for the store",
    "set access_key and secret_key, or anonymous = true for a public bucket",
    is_certain=True,
)
UNKNOWN_KEY = StoreFailure(
    "the store does not know the access key", "check access_key", is_certain=True
)
WRONG_SECRET = StoreFailure(
    "the secret key does not fit the access key", "check secret_key", is_certain=True
)
EXPIRED = StoreFailure(
    "the session token is wrong or has expired", "renew session_token", is_certain=True
)
CLOCK = StoreFailure(
    "the clocks of the store and this server differ", "set this server's clock", is_certain=True
)
FORBIDDEN = StoreFailure(
    "the store does not allow it with these credentials",
    "allow s3:ListBucket for the bucket and s3:GetObject for what is in it",
    is_certain=True,
)
OTHER_REGION = StoreFailure(
    "the bucket is in another region", "set region to that of the bucket", is_certain=True
)
NO_ROLE = StoreFailure(
    "the credentials of the environment cannot be used", "check profile and role"
)
INSECURE = StoreFailure(
    "the store's certificate cannot be trusted",
    "check endpoint, and the certificates in AWS_CA_BUNDLE",
)

_CODES = {
    "InvalidAccessKeyId": UNKNOWN_KEY,
    "SignatureDoesNotMatch": WRONG_SECRET,
    "ExpiredToken": EXPIRED,
    "InvalidToken": EXPIRED,
    "RequestTimeTooSkewed": CLOCK,
    "AccessDenied": FORBIDDEN,
    "AllAccessDisabled": FORBIDDEN,
    "NoSuchBucket": StoreFailure.NO_BUCKET,
    "PermanentRedirect": OTHER_REGION,
    "AuthorizationHeaderMalformed": OTHER_REGION,
    "IllegalLocationConstraintException": OTHER_REGION,
    "NoSuchKey": StoreFailure.CHANGED,
    "InvalidRange": StoreFailure.CHANGED,
    "SlowDown": StoreFailure.BUSY,
    "RequestTimeout": StoreFailure.SILENT,
    "NetworkConnection": StoreFailure.UNREACHABLE,  # these two are Arrow's
    "ResourceNotFound": StoreFailure.CHANGED,
}
_STATUSES = {
    301: OTHER_REGION,
    401: FORBIDDEN,
    403: FORBIDDEN,
    416: StoreFailure.CHANGED,
    429: StoreFailure.BUSY,
}
# As Arrow's own client calls them, ACCESS_DENIED for AccessDenied.
_SCREAMING = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper(): of for name, of in _CODES.items()}
_CURL_CODES = {"28": StoreFailure.SILENT, "35": INSECURE, "60": INSECURE}
_TYPES: tuple[tuple[type[Exception], StoreFailure], ...] = (
    (boto.NoCredentialsError, NO_KEYS),
    (boto.PartialCredentialsError, NO_KEYS),
    (boto.CredentialRetrievalError, NO_ROLE),
    (boto.ProfileNotFound, NO_ROLE),
    (boto.ConnectTimeoutError, StoreFailure.SILENT),
    (boto.ReadTimeoutError, StoreFailure.SILENT),
    (boto.SSLError, INSECURE),
    (boto.ConnectionError, StoreFailure.UNREACHABLE),  # no such host, refused, broken off
    (boto.HTTPClientError, StoreFailure.UNREACHABLE),
)


def of_listing(exc: Exception) -> StoreFailure:
    """Return what an error of the client that lists means."""
    if isinstance(exc, boto.ClientError):
        if exc.operation_name == "AssumeRole":
            return NO_ROLE
        code = str(exc.response.get("Error", {}).get("Code"))
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return _of(_CODES.get(code), int(status))
    return next((of for kind, of in _TYPES if isinstance(exc, kind)), StoreFailure.STRANGE)


def of_reading(exc: OSError) -> FlightStreamError | None:
    """Return what an error of Arrow's filesystem means; ``None`` if it is no error of a store."""
    found = _ARROW.search(str(exc))
    if found is None:
        return None
    known = _SCREAMING.get(found[1])
    if curl := _CURL.search(str(exc)):
        known = _CURL_CODES.get(curl[1], StoreFailure.UNREACHABLE)
    return _of(known, int(found[2] or 0)).told()


def _of(known: StoreFailure | None, status: int) -> StoreFailure:
    if known is not None:
        return known
    return StoreFailure.BUSY if status >= 500 else _STATUSES.get(status, StoreFailure.STRANGE)
