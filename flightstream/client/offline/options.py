"""What a user says of what is kept, and whose it is."""

import hashlib
from pathlib import Path

from attrs import field, frozen

from flightstream.client.connection import Access, pem
from flightstream.errors import ConfigError

# What it costs to try a password out on the name of a file: about 50 ms and 16 MiB.
_COST = {"n": 2**14, "r": 8, "p": 1}


def _folder(given: str | Path) -> Path:
    if not str(given):
        raise ConfigError("offline is the path of a folder, and not empty: '.' is the current one")
    return Path(given).expanduser().absolute()


@frozen
class Offline:
    """A folder that keeps what a client reads, see :func:`flightstream.connect`.

    Args:
        folder: Where; it is made if there is none. Any number of processes may use it.
        max_bytes: How large it may become; what was used longest ago goes first.
        max_age_seconds: For how long something is served without the server: counted
            from when that last said that it is right. ``None`` is for ever.
        only: Ask the server nothing, and serve what is there.
        owner: Who it is that reads, in place of what they log in with: for a token
            that a function returns, or one that is renewed.

    Raises:
        ConfigError: The folder has no name, or a number makes no sense.

    .. versionadded:: 0.1
    """

    folder: Path = field(converter=_folder)
    max_bytes: int = field(default=4 * 2**30, kw_only=True)
    max_age_seconds: float | None = field(default=None, kw_only=True)
    only: bool = field(default=False, kw_only=True)
    owner: str | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.max_bytes < 1:
            raise ConfigError(f"max_bytes is {self.max_bytes}: it has to be more than 0")
        if self.max_age_seconds is not None and not self.max_age_seconds > 0:
            raise ConfigError(
                f"max_age_seconds is {self.max_age_seconds}: it has to be more than 0, or None"
            )

    def owner_of(self, uri: str, access: Access) -> bytes:
        """Return a digest of whose rows these are: of a server, and of who logs in there.

        Raises:
            ConfigError: Nobody can tell.
        """
        if self.owner is not None:
            return _digest(b"owner", self.owner.encode(), uri)
        if callable(access.token):
            raise ConfigError(
                "a function that returns tokens does not say whose they are, and offline keeps"
                " the rows of each apart: name them, Offline(folder, owner='ada@example.org')"
            )
        shown = [access.token, access.username, access.password]
        certificate = [pem(access.tls_cert), pem(access.tls_key)]
        if not any([*shown, *certificate]):
            return hashlib.sha256(uri.encode()).digest()
        return _digest(b"login", repr((shown, certificate)).encode(), uri)


def _digest(kind: bytes, secret: bytes, uri: str) -> bytes:
    salt = hashlib.sha256(b"flightstream\n" + kind + b"\n" + uri.encode()).digest()
    return hashlib.scrypt(secret, salt=salt, dklen=32, **_COST)
