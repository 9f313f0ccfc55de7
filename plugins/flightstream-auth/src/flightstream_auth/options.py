"""The tables of ``[plugins.auth]``, one for each scheme."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import field, frozen, validators

from flightstream import Secret
from flightstream_auth.fetched_keys import FetchedKeys, is_safe_url
from flightstream_auth.jwts import ClaimNames, Jwts
from flightstream_auth.keys import FileKeys, Keys
from flightstream_auth.tokens import Tokens
from flightstream_auth.users import Users

Algorithm: TypeAlias = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
_MIN_KEY_LETTERS = 32  # RFC 7518, section 3.2


def _is_strong(_instance: Any, _attribute: Any, key: Secret | None) -> None:
    if key is not None and len(key.reveal().encode()) < _MIN_KEY_LETTERS:
        raise ValueError("is too short to sign with: `flightstream auth new-key` makes one")


def _is_safe(_instance: Any, _attribute: Any, url: str | None) -> None:
    if url is not None and not is_safe_url(url):
        raise ValueError("is no https:// URL: anybody on the way could give other keys")


@frozen(kw_only=True)
class TokensTable:
    """``[plugins.auth.tokens]``."""

    file: Path

    def scheme(self) -> Tokens:
        """Return what knows tokens."""
        return Tokens(self.file)


@frozen(kw_only=True)
class BasicTable:
    """``[plugins.auth.basic]``."""

    file: Path
    handshake: bool = True
    key: Secret | None = field(default=None, validator=_is_strong)
    token_minutes: float = field(
        default=60.0, validator=[validators.gt(0), validators.le(7 * 24 * 60)]
    )

    def scheme(self) -> Users:
        """Return what knows users."""
        return Users(self.file, self.key, self.token_minutes * 60)


@frozen(kw_only=True)
class JwtTable:
    """``[plugins.auth.jwt]``."""

    issuer: str
    audience: tuple[str, ...] = field(validator=validators.min_len(1))
    jwks_url: str | None = field(default=None, validator=_is_safe)
    keys: Path | None = None
    algorithms: tuple[Algorithm, ...] = field(
        default=("RS256", "ES256", "EdDSA"), validator=validators.min_len(1)
    )
    leeway_seconds: float = field(default=30.0, validator=[validators.ge(0), validators.le(600)])
    subject_claim: str = "sub"
    roles_claim: str = "roles"
    roles: Mapping[str, str] | None = None
    refresh_minutes: float = field(
        default=15.0, validator=[validators.ge(0.1), validators.le(24 * 60)]
    )
    request_timeout_seconds: float = field(
        default=5.0, validator=[validators.ge(0.1), validators.le(60)]
    )

    def __attrs_post_init__(self) -> None:
        if (self.jwks_url is None) == (self.keys is None):
            raise ValueError("set jwks_url, or keys for a file of them, and not both")

    def scheme(self) -> Jwts:
        """Return what knows JWTs."""
        keys: Keys
        if self.keys is not None:
            keys = FileKeys(self.keys)
        else:
            assert self.jwks_url is not None
            seconds = self.refresh_minutes * 60
            keys = FetchedKeys(self.jwks_url, seconds, self.request_timeout_seconds)
        return Jwts(
            keys=keys,
            issuer=self.issuer,
            audience=self.audience,
            algorithms=self.algorithms,
            leeway_seconds=self.leeway_seconds,
            names=ClaimNames(self.subject_claim, self.roles_claim, self.roles),
        )


@frozen(kw_only=True)
class MtlsTable:
    """``[plugins.auth.mtls]``."""

    roles: tuple[str, ...] = ()
    subjects: Mapping[str, tuple[str, ...]] = field(factory=dict)


@frozen(kw_only=True)
class AnonymousTable:
    """``[plugins.auth.anonymous]``."""

    roles: tuple[str, ...] = ()
