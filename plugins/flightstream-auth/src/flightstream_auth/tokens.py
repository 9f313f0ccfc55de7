"""Static bearer tokens. The file has their digests, so whoever reads it cannot log in."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from attrs import define, field, frozen

from flightstream import Identity, Unauthenticated
from flightstream_auth.authorization import Authorization
from flightstream_auth.people import check_keys, identity_of, read_toml
from flightstream_auth.watched import WatchedFile

_PREFIX = "fst_"
_KEYS = ("id", "sha256", "subject", "roles", "claims", "expires")
_NOT_KNOWN = "the token is not known"


@frozen
class Token:
    """One token, ``[[tokens]]``.

    Args:
        id: The part of the token that is no secret, for logs and to find it by.
        digest: The SHA-256 of the whole token. It has 256 random bits, so it
            cannot be guessed from that, as a password could.
        identity: Whose it is.
        expires: When it is no longer good; ``None`` for never.
    """

    id: str
    digest: bytes = field(repr=False)
    identity: Identity
    expires: datetime | None = None

    @classmethod
    def new(cls, identity: Identity, expires: datetime | None = None) -> tuple[str, Self]:
        """Make a token; return its text, which is nowhere kept, and what is kept of it."""
        name = secrets.token_hex(4)
        text = f"{_PREFIX}{name}_{secrets.token_urlsafe(32)}"
        return text, cls(name, _digest(text), identity, expires)


@define(eq=False)
class Tokens:
    """Knows who asks by a token of a file."""

    path: Path
    _file: WatchedFile[Mapping[str, Token]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._file = WatchedFile(self.path, read_tokens)

    def start(self) -> None:
        """Read the file.

        Raises:
            ConfigError: It cannot be read, or is wrong.
        """
        self._file.open()

    def stop(self) -> None:
        """Do nothing: no file stays open."""

    def knows(self, sent: Authorization) -> bool:
        """Tell whether it looks like one of these tokens."""
        return sent.scheme == "bearer" and sent.value.startswith(_PREFIX)

    def identity(self, sent: Authorization) -> Identity:
        """Return whose token it is.

        Raises:
            Unauthenticated: It is not known, or has expired.
        """
        name = sent.value.removeprefix(_PREFIX).partition("_")[0]
        token = self._file.current().get(name)
        digest = _digest(sent.value)
        is_right = hmac.compare_digest(digest, bytes(32) if token is None else token.digest)
        if token is None or not is_right:
            raise Unauthenticated(_NOT_KNOWN)
        if token.expires is not None and token.expires <= datetime.now(UTC):
            raise Unauthenticated("the token has expired")
        return token.identity


def read_tokens(text: str) -> Mapping[str, Token]:
    """Return the tokens of a file, by id.

    Raises:
        ValueError: Something in it is wrong.
    """
    listed = check_keys(read_toml(text), ["tokens"]).get("tokens", [])
    if not isinstance(listed, list):
        raise ValueError("tokens is a list of tables: write [[tokens]]")
    found: dict[str, Token] = {}
    for number, table in enumerate(listed):
        try:
            token = _token(table)
        except ValueError as exc:
            raise ValueError(f"tokens[{number}]: {exc}") from None
        if token.id in found:
            raise ValueError(f"tokens[{number}]: the id {token.id!r} is another token's, too")
        found[token.id] = token
    return found


def _token(raw: object) -> Token:
    table = check_keys(raw, _KEYS)
    name, digest, expires = (table.get(key) for key in ("id", "sha256", "expires"))
    if not isinstance(name, str) or not re.fullmatch("[0-9A-Za-z]{1,32}", name):
        raise ValueError("id is up to 32 letters and digits")
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError("sha256 is 64 hexadecimal digits")
    if expires is not None and (not isinstance(expires, datetime) or expires.tzinfo is None):
        raise ValueError("expires is a time with an offset, such as 2030-01-31T00:00:00Z")
    identity = identity_of(table.get("subject"), table)
    return Token(name, bytes.fromhex(digest), identity, expires)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
