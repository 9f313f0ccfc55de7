"""JWTs of an issuer: who somebody is, as an identity provider has signed it."""

from collections.abc import Mapping, Sequence
from typing import Any

import jwt
from attrs import define, frozen

from flightstream import Identity, Unauthenticated
from flightstream_auth.authorization import Authorization
from flightstream_auth.keys import Key, Keys

# What is said of a token whose signature is right; of any other, nothing is.
_PROBLEMS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "the token has expired"),
    (jwt.ImmatureSignatureError, "the token is not valid yet"),
    (jwt.InvalidIssuedAtError, "the token is not valid yet"),
    (jwt.InvalidAudienceError, "the token is for another audience"),
    (jwt.InvalidIssuerError, "the token is of another issuer"),
    (jwt.MissingRequiredClaimError, "the token lacks a claim"),
)
_NOT_ACCEPTED = "the token is not accepted"


@frozen
class ClaimNames:
    """Where a token says who somebody is.

    Args:
        subject: The claim that is the subject.
        roles: The claim that has the roles; dots lead into objects.
        role_names: Which of its values are which role; ``None`` if each is one as it is.
    """

    subject: str
    roles: str
    role_names: Mapping[str, str] | None

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Return who it is.

        Raises:
            Unauthenticated: There is no subject.
        """
        subject = claims.get(self.subject)
        if not isinstance(subject, str) or not subject or not subject.isprintable():
            raise Unauthenticated(f"the token has no claim {self.subject!r} that names somebody")
        names = self.role_names
        values = _texts(_at(claims, self.roles))
        roles = values if names is None else [names[value] for value in values if value in names]
        return Identity(subject, [role for role in roles if role and role.isprintable()], claims)


@define(eq=False)
class Jwts:
    """Knows who asks by a JWT. It keeps nothing itself, so any number of threads may use it.

    Args:
        keys: What tokens are checked with.
        issuer: The only one that is believed.
        audience: For whom a token has to be.
        algorithms: Those that are allowed, whatever a token says of itself.
        leeway_seconds: By how much clocks may differ.
        names: Where a token says who somebody is.
    """

    keys: Keys
    issuer: str
    audience: Sequence[str]
    algorithms: Sequence[str]
    leeway_seconds: float
    names: ClaimNames

    def start(self) -> None:
        """Read the keys, or begin to fetch them.

        Raises:
            ConfigError: A file of them is wrong.
        """
        self.keys.start()

    def stop(self) -> None:
        """Fetch keys no more."""
        self.keys.stop()

    def knows(self, sent: Authorization) -> bool:
        """Tell whether it looks like a JWT: three parts (RFC 7515, compact serialization)."""
        return sent.scheme == "bearer" and sent.value.count(".") == 2

    def identity(self, sent: Authorization) -> Identity:
        """Return who the token is about.

        Raises:
            Unauthenticated: It is not right, not now, or not for this server.
            Unavailable: There are no keys yet to check it with.
        """
        try:
            header = jwt.get_unverified_header(sent.value)
        except (jwt.PyJWTError, RecursionError, UnicodeError):
            raise Unauthenticated(_NOT_ACCEPTED) from None
        algorithm, key_id = header.get("alg"), header.get("kid")
        # An extension that has to be understood (``crit``) is one that is not, here.
        if algorithm is None or algorithm not in self.algorithms or "crit" in header:
            raise Unauthenticated(_NOT_ACCEPTED)
        for key in self.keys.fitting(algorithm, key_id):
            claims = self._claims(sent.value, key, algorithm)
            if claims is not None:
                return self.names.identity(claims)
        raise Unauthenticated(_NOT_ACCEPTED)

    def _claims(self, token: str, key: Key, algorithm: str) -> Mapping[str, Any] | None:
        """Return what a token says; ``None`` if another key has signed it."""
        try:
            return jwt.decode(
                token,
                key.public,
                algorithms=[algorithm],
                audience=self.audience,
                issuer=self.issuer,
                leeway=self.leeway_seconds,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.InvalidSignatureError:
            return None
        except (jwt.PyJWTError, RecursionError, UnicodeError, TypeError) as exc:
            told = next((text for kind, text in _PROBLEMS if isinstance(exc, kind)), _NOT_ACCEPTED)
            raise Unauthenticated(told) from None


def _at(claims: Mapping[str, Any], name: str) -> Any:
    """Return the claim of a name, which may be a URL; otherwise dots lead into objects."""
    found: Any = claims
    for part in [name] if name in claims else name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(value: Any) -> list[str]:
    """Return the values of a claim: a list of texts, or one text with spaces, as a scope has."""
    if isinstance(value, str):
        return value.split()
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
