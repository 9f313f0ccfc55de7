"""What a call's ``Authorization`` header says."""

import base64
import binascii
from typing import Self

from attrs import field, frozen

from flightstream import Credentials, Unauthenticated

# More than any header that gRPC lets through, and little enough to be looked at.
_MAX_LETTERS = 32_768


@frozen
class Authorization:
    """One header, ``SCHEME VALUE``.

    Args:
        scheme: In lower case.
        value: As it was sent.
    """

    scheme: str
    value: str = field(repr=False)

    @classmethod
    def of(cls, credentials: Credentials) -> Self | None:
        """Return what a call brought along; ``None`` if that is nothing.

        Raises:
            Unauthenticated: There are several, so nobody can tell which one counts.
        """
        sent = set(credentials.headers.get("authorization", ()))
        if not sent:
            return None
        if len(sent) > 1:
            raise Unauthenticated("the call has several authorization headers: send one")
        scheme, _, value = sent.pop().partition(" ")
        if len(value) > _MAX_LETTERS:
            raise Unauthenticated("the authorization header is too long")
        return cls(scheme.lower(), value.strip())

    def name_and_password(self) -> tuple[str, str]:
        """Read a ``Basic`` header (RFC 7617).

        Raises:
            Unauthenticated: It has no name and password.
        """
        try:
            content = base64.b64decode(self.value, validate=True)
            name, colon, password = content.decode().partition(":")
        except (binascii.Error, ValueError):
            raise Unauthenticated("the Basic header is malformed") from None
        # One text has one spelling: bits that base64 would ignore are none of it.
        if not colon or base64.b64encode(content).decode() != self.value:
            raise Unauthenticated("the Basic header is malformed")
        return name, password
