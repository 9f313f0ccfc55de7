"""Passwords against their argon2 hashes, a few at a time, for each takes time and memory."""

import hmac
import os
from collections import OrderedDict
from hashlib import blake2b
from threading import BoundedSemaphore, Lock

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from attrs import define, field

from flightstream import Unavailable

_AT_ONCE = 2
_WAIT_SECONDS = 10.0
_MAX_MEMORY_KIB = 1024 * 1024
_MAX_PASSWORD_LETTERS = 1024
_MAX_KNOWN = 1_000


@define(eq=False)
class Passwords:
    """Compares passwords with hashes. Safe for many threads.

    What was right is known again without hashing, by a keyed digest of password
    and hash: clients that send a password with each call are not slowed down,
    and a hash that changes ends that.
    """

    _free: BoundedSemaphore = field(factory=lambda: BoundedSemaphore(_AT_ONCE), init=False)
    _key: bytes = field(factory=lambda: os.urandom(32), init=False, repr=False)
    _known: OrderedDict[bytes, None] = field(factory=OrderedDict, init=False, repr=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    def match(self, password: str, hashed: str) -> bool:
        """Tell whether a hash is that of a password.

        Raises:
            Unavailable: Too many others are compared at the moment.
        """
        if len(password) > _MAX_PASSWORD_LETTERS:
            return False
        given = f"{hashed}\0{password}".encode("utf-8", "surrogatepass")
        digest = blake2b(given, key=self._key, digest_size=32).digest()
        with self._lock:
            if digest in self._known:
                self._known.move_to_end(digest)
                return True
        if not self._verified(password, hashed):
            return False
        with self._lock:
            self._known[digest] = None
            if len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        return True

    def _verified(self, password: str, hashed: str) -> bool:
        if not self._free.acquire(timeout=_WAIT_SECONDS):
            raise Unavailable("too many logins at a time", retry_after_seconds=1.0)
        try:
            return argon2.PasswordHasher().verify(hashed, password)
        except VerifyMismatchError:
            return False
        except (VerificationError, UnicodeEncodeError):  # a password that is no text, say
            return False
        finally:
            self._free.release()


def hash_password(password: str) -> str:
    """Return an argon2id hash with the parameters of RFC 9106 for 64 MiB of memory."""
    return argon2.PasswordHasher().hash(password)


def decoy_of(hashed: str) -> str:
    """Return a hash that takes as long to compare with as another, and that nothing matches."""
    parameters = argon2.extract_parameters(hashed)
    return argon2.PasswordHasher.from_parameters(parameters).hash(os.urandom(32))


def check_hash(hashed: object) -> str:
    """Return a hash that can be compared with.

    Raises:
        ValueError: It is none, or takes more than 1 GiB of memory.
    """
    try:
        parameters = argon2.extract_parameters(str(hashed))
    except InvalidHashError:
        parameters = None
    if parameters is None or parameters.type is not argon2.Type.ID:
        raise ValueError("password is an argon2id hash, as `flightstream auth hash-password` makes")
    if parameters.memory_cost > _MAX_MEMORY_KIB:
        raise ValueError("password is a hash that takes more than 1 GiB of memory")
    return str(hashed)


def fingerprint(hashed: str, key: bytes) -> str:
    """Return a text that changes with a hash and does not tell it."""
    return hmac.digest(key, hashed.encode(), "sha256").hex()[:32]
