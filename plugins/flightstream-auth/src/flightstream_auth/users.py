"""Users with passwords, who get a signed token for them."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from attrs import define, field, frozen

from flightstream import Identity, Secret, Unauthenticated
from flightstream_auth.authorization import Authorization
from flightstream_auth.passwords import Passwords, check_hash, decoy_of, fingerprint
from flightstream_auth.people import check_keys, identity_of, read_toml
from flightstream_auth.watched import WatchedFile

_KEYS = ("password", "roles", "claims")
_WRONG = "the name or the password is wrong"
_TYPE = "flightstream-login"
_ALGORITHM = "HS256"


@frozen
class User:
    """One user, ``[users.NAME]``."""

    identity: Identity
    password: str = field(repr=False)


@frozen
class UserFile:
    """All users by name, and a hash to compare with for those who are none."""

    users: Mapping[str, User]
    decoy: str = field(repr=False)


@define(eq=False)
class Users:
    """Knows who asks by a name and password, and by the token that a login gives.

    Args:
        path: The file of users.
        key: What signs tokens; ``None`` for one of this process alone.
        token_seconds: How long a token is good.
    """

    path: Path
    key: Secret | None
    token_seconds: float
    _file: WatchedFile[UserFile] = field(init=False)
    _passwords: Passwords = field(factory=Passwords, init=False)
    _key: bytes = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._file = WatchedFile(self.path, read_users)
        self._key = os.urandom(32) if self.key is None else self.key.reveal().encode()

    def start(self) -> None:
        """Read the file.

        Raises:
            ConfigError: It cannot be read, or is wrong.
        """
        self._file.open()

    def stop(self) -> None:
        """Do nothing: no file stays open."""

    def knows(self, sent: Authorization) -> bool:
        """Tell whether it is a name and password, or looks like a token of a login."""
        return sent.scheme == "basic" or (
            sent.scheme == "bearer" and _header_of(sent.value).get("typ") == _TYPE
        )

    def identity(self, sent: Authorization) -> Identity:
        """Return who logs in, or has logged in.

        Raises:
            Unauthenticated: Name, password or token is wrong, or the token has
                expired, or was given for a password that is another by now.
            Unavailable: Too many passwords are compared at the moment.
        """
        if sent.scheme == "basic":
            return self._by_password(*sent.name_and_password())
        return self._by_token(sent.value)

    def issue(self, subject: str) -> str:
        """Return a token for a user who has just shown the password."""
        user = self._file.current().users.get(subject)
        if user is None:  # removed meanwhile
            raise Unauthenticated(_WRONG)
        claims = {
            "sub": subject,
            "exp": int(time.time() + self.token_seconds),
            "pwd": fingerprint(user.password, self._key),
        }
        return jwt.encode(claims, self._key, _ALGORITHM, headers={"typ": _TYPE})

    def _by_password(self, name: str, password: str) -> Identity:
        known = self._file.current()
        user = known.users.get(name)
        hashed = known.decoy if user is None else user.password
        if not self._passwords.match(password, hashed) or user is None:
            raise Unauthenticated(_WRONG)
        return user.identity

    def _by_token(self, token: str) -> Identity:
        try:
            claims = jwt.decode(
                token, self._key, [_ALGORITHM], options={"require": ["sub", "exp", "pwd"]}
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the token has expired: log in again") from None
        except (jwt.InvalidTokenError, RecursionError, UnicodeError):
            raise Unauthenticated("the token is not accepted: log in again") from None
        user = self._file.current().users.get(claims["sub"])
        if user is None or claims["pwd"] != fingerprint(user.password, self._key):
            raise Unauthenticated("the token is no longer accepted: log in again")
        return user.identity


def read_users(text: str) -> UserFile:
    """Return the users of a file.

    Raises:
        ValueError: Something in it is wrong, or there are none.
    """
    tables = check_keys(read_toml(text), ["users"]).get("users")
    if not isinstance(tables, dict) or not tables:
        raise ValueError("there are no users: write [users.NAME]")
    users = {}
    for name, raw in tables.items():
        try:
            users[name] = _user(name, raw)
        except ValueError as exc:
            raise ValueError(f"users.{name}: {exc}") from None
    return UserFile(users, decoy_of(next(iter(users.values())).password))


def _user(name: str, raw: object) -> User:
    table = check_keys(raw, _KEYS)
    if ":" in name:
        raise ValueError("a name has no colon, which would end it in a Basic header")
    return User(identity_of(name, table), check_hash(table.get("password")))


def _header_of(token: str) -> Mapping[str, Any]:
    """Return what stands before a token's claims, which proves nothing."""
    try:
        return jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, RecursionError, UnicodeError):
        return {}
