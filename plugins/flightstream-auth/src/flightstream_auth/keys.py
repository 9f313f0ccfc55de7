"""The public keys that JWTs are checked with."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import jwt
from attrs import define, field, frozen
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from flightstream_auth.watched import WatchedFile

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey


_CURVES = {"ES256": SECP256R1, "ES384": SECP384R1, "ES512": SECP521R1}
_MIN_RSA_BITS = 2048
_MAX_KEYS = 100


@frozen
class Key:
    """One key.

    Args:
        public: The key itself.
        id: What tokens call it by; ``None`` if it has no name.
        algorithm: The only one that it is for; ``None`` for all that its kind allows.
    """

    public: PublicKey
    id: str | None = None
    algorithm: str | None = None

    def fits(self, algorithm: str, id: str | None) -> bool:
        """Tell whether a token that names an algorithm and a key may be checked with this one."""
        if self.algorithm not in (None, algorithm) or (None not in (id, self.id) and id != self.id):
            return False
        match self.public:
            case RSAPublicKey():
                return algorithm[:2] in ("RS", "PS")
            case EllipticCurvePublicKey(curve=curve):
                return isinstance(curve, _CURVES.get(algorithm, ()))
        return algorithm == "EdDSA"


class Keys(Protocol):
    """Where keys come from."""

    def start(self) -> None:
        """Read them, or begin to fetch them."""

    def stop(self) -> None:
        """Fetch them no more."""

    def fitting(self, algorithm: str, id: str | None) -> Sequence[Key]:
        """Return those that a token may be checked with.

        Raises:
            Unavailable: None could be had so far.
        """


@define(eq=False)
class FileKeys:
    """The keys of a file: a JWK set, or one key as PEM."""

    path: Path
    _file: WatchedFile[Sequence[Key]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._file = WatchedFile(self.path, read_keys)

    def start(self) -> None:
        """Read the file.

        Raises:
            ConfigError: It cannot be read, or has no key that can be used.
        """
        self._file.open()

    def stop(self) -> None:
        """Do nothing: no file stays open."""

    def fitting(self, algorithm: str, id: str | None) -> Sequence[Key]:
        """Return those that a token may be checked with."""
        return [key for key in self._file.current() if key.fits(algorithm, id)]


def read_keys(text: str) -> Sequence[Key]:
    """Return the keys of a JWK set (RFC 7517) or a PEM file.

    Raises:
        ValueError: There are none that can be used.
    """
    if "-----BEGIN" in text:
        return [_pem_key(text)]
    try:
        listed = json.loads(text)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise ValueError("is no JWK set")
    keys = [key for raw in listed[:_MAX_KEYS] if (key := _jwk(raw)) is not None]
    if not keys:
        raise ValueError("has no public key that can be used: RSA of 2048 bits, EC or Ed25519")
    return keys


def _jwk(raw: Any) -> Key | None:
    """Return one key of a set, if tokens may be checked with it."""
    try:
        id, algorithm, use = raw.get("kid"), raw.get("alg"), raw.get("use", "sig")
        public = jwt.PyJWK(raw).key
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError):
        return None
    # Symmetric keys are refused too: whoever can read the set could sign with them.
    if use != "sig" or not isinstance(id, str | None) or not _is_strong(public):
        return None
    return Key(public, id, algorithm)


def _is_strong(key: object) -> bool:
    if isinstance(key, RSAPublicKey):
        return key.key_size >= _MIN_RSA_BITS
    return isinstance(key, EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey)


def _pem_key(text: str) -> Key:
    try:
        public = load_pem_public_key(text.encode())
    except Exception:  # of many kinds; its text could have a part of a private key
        raise ValueError("is no public key as PEM") from None
    if not _is_strong(public):
        raise ValueError("is no public key that can be used: RSA of 2048 bits, EC or Ed25519")
    return Key(public)  # type: ignore[arg-type]
