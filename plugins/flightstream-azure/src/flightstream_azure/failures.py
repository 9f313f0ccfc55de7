"""What the errors of Azure's clients mean, without the texts they come with."""

import socket
import ssl
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)

from flightstream import NotFound, StoreFailure

NO_CONTAINER = StoreFailure(
    "there is no such container", "check the URI and account", is_certain=True, error=NotFound
)
NOT_PUBLIC = StoreFailure(
    "there is no such container, or it is not public",
    "check the URI and account, or set account_key, sas_token or client_secret",
    is_certain=True,
    error=NotFound,
)
NO_CREDENTIALS = StoreFailure(
    "there are no credentials for the store",
    "set account_key, sas_token or client_secret, log in with AZURE_CLIENT_ID and its like or"
    " `az login`, or set anonymous = true for a public container",
    is_certain=True,
)
WRONG_KEY = StoreFailure(
    "the account does not accept the key",
    "check account_key, account and the network rules of the account",
    is_certain=True,
)
WRONG_SAS = StoreFailure(
    "the account does not accept the shared access signature",
    "check sas_token, when it begins and ends, and the network rules of the account",
    is_certain=True,
)
EXPIRED_SAS = StoreFailure(
    "the shared access signature has expired", "renew sas_token", is_certain=True
)
WRONG_TOKEN = StoreFailure(
    "the account does not accept the login",
    "log in at the tenant of the account, and check its network rules",
    is_certain=True,
)
WRONG_LOGIN = StoreFailure(
    "Microsoft Entra does not accept the login",
    "check tenant_id, client_id and client_secret, or AZURE_TENANT_ID and its like",
    is_certain=True,
)
NO_TOKEN = StoreFailure(
    "Microsoft Entra cannot be asked for a token",
    "check that this machine reaches it, or try again later",
)
MALFORMED_LOGIN = StoreFailure(
    "the environment has a login that cannot be used",
    "check AZURE_TENANT_ID, AZURE_TOKEN_CREDENTIALS and their like",
    is_certain=True,
)
FORBIDDEN = StoreFailure(
    "the store does not allow it with these credentials",
    "grant the role Storage Blob Data Reader, or a signature that may read and list",
    is_certain=True,
)
NO_KEYS = StoreFailure(
    "the account allows no shared keys", "set client_secret, or allow them", is_certain=True
)
DISABLED = StoreFailure("the account is disabled", "enable it", is_certain=True)
ARCHIVED = StoreFailure("a file is archived", "move it to the hot, cool or cold tier")
NO_HOST = StoreFailure(
    "the account's host has no address", "check account or the URI, and this machine's DNS"
)
INSECURE = StoreFailure(
    "the store's certificate cannot be trusted",
    "check endpoint, and the certificates in REQUESTS_CA_BUNDLE",
)

# Either of an account that checks who asks, or from where.
_REFUSALS = {
    "AuthenticationFailed",
    "AuthorizationFailure",
    "AuthorizationProtocolMismatch",
    "AuthorizationSourceIPMismatch",
    "InvalidAuthenticationInfo",
    "NoAuthenticationInformation",
    "PublicAccessNotPermitted",
}
_CODES = {
    "AccountIsDisabled": DISABLED,
    "BlobArchived": ARCHIVED,
    "BlobNotFound": StoreFailure.CHANGED,
    "ContainerBeingDeleted": NO_CONTAINER,
    "KeyBasedAuthenticationNotPermitted": NO_KEYS,
}
_STATUSES = {
    403: FORBIDDEN,
    404: NO_CONTAINER,
    408: StoreFailure.SILENT,
    412: StoreFailure.CHANGED,
    416: StoreFailure.CHANGED,
    429: StoreFailure.BUSY,
}
_CAUSES: tuple[tuple[type[BaseException], StoreFailure], ...] = (
    (socket.gaierror, NO_HOST),
    (ssl.SSLEOFError, StoreFailure.UNREACHABLE),
    (ssl.SSLError, INSECURE),
    (TimeoutError, StoreFailure.SILENT),
    (ServiceRequestError, StoreFailure.UNREACHABLE),
    (ServiceResponseError, StoreFailure.UNREACHABLE),
    (IncompleteReadError, StoreFailure.UNREACHABLE),
)


class LoginFailed(Exception):
    """There is no token; not an error of Azure's, for those would be tried again.

    Args:
        failure: Why.
    """

    def __init__(self, failure: StoreFailure) -> None:
        super().__init__(str(failure))
        self.failure = failure


# An answer that means nothing is a ValueError.
ERRORS = (AzureError, LoginFailed, ValueError)


def failure_of(exc: BaseException, refused: StoreFailure) -> StoreFailure:
    """Return what one of :data:`ERRORS` means.

    Args:
        exc: The error.
        refused: What it means that the store does not accept the credentials.
    """
    if isinstance(exc, LoginFailed):
        return exc.failure
    response: Any = exc.response if isinstance(exc, HttpResponseError) else None
    if response is None:
        return _by_cause(exc)
    code, status = response.headers.get("x-ms-error-code"), response.status_code
    if status == 401 or code in _REFUSALS:
        return refused
    if status >= 500:
        return StoreFailure.BUSY
    found = _CODES.get(code) or _STATUSES.get(status, StoreFailure.STRANGE)
    is_hidden = found is NO_CONTAINER and refused is NOT_PUBLIC
    return NOT_PUBLIC if is_hidden else found


def failure_of_login(exc: AzureError) -> StoreFailure:
    """Return what an error of a client that asks for tokens means."""
    is_failing = isinstance(exc, HttpResponseError) and (exc.status_code or 0) >= 500
    # What Entra says of a login comes from no other error, or a ValueError for its tenant.
    said = all(isinstance(one, ClientAuthenticationError | ValueError) for one in _causes(exc))
    return WRONG_LOGIN if said and not is_failing else NO_TOKEN


def is_missing(exc: Exception) -> bool:
    """Tell whether an error means that there is no such blob."""
    return isinstance(exc, HttpResponseError) and exc.status_code == 404


def _by_cause(exc: BaseException) -> StoreFailure:
    causes = _causes(exc)
    for kind, failure in _CAUSES:
        if any(isinstance(cause, kind) for cause in causes):
            return failure
    return StoreFailure.STRANGE


def _causes(exc: BaseException) -> list[BaseException]:
    """Return an error and all that it comes from, wherever a library keeps that."""
    found: list[BaseException] = []
    left: list[Any] = [exc]
    while left:
        one = left.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            inner = getattr(one, "inner_exception", None)
            left += [inner, one.__cause__, one.__context__, *one.args]
    return found
