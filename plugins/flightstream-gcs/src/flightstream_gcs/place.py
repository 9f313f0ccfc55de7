"""What ``gs://bucket/prefix`` means."""

import re
from typing import Self

from attrs import frozen

from flightstream import ConfigError

SCHEME = "gs://"
_BUCKET = re.compile(r"[A-Za-z0-9](?!.*\.\.)[A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_MAX_KEY_BYTES = 1024


@frozen
class Place:
    """A bucket and a key or prefix in it.

    Args:
        bucket: Its name.
        key: Without a slash at either end; ``""`` for the whole bucket.
    """

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read a URI; all behind the bucket is a key as it is, ``?``, ``#`` and ``%`` too.

        Raises:
            ConfigError: There is no such place.
        """
        bucket, _, key = uri.removeprefix(SCHEME).partition("/")
        key = key.removesuffix("/")
        if "@" in bucket:
            raise ConfigError(
                "a gs:// URI has no login in it: credentials come from the environment"
            )
        if not _BUCKET.fullmatch(bucket):
            raise ConfigError(
                f"{bucket[:80]!r} is no name of a bucket: write the URI as gs://bucket/prefix"
            )
        if not is_usable(key) or len(key.encode()) > _MAX_KEY_BYTES:
            raise ConfigError(
                f"no file of the bucket {bucket!r} can be served below such a key: it has an"
                " empty part, characters that cannot be printed, or is longer than 1,024 bytes"
            )
        return cls(bucket, key)

    @property
    def path(self) -> str:
        """The place in the terms of the filesystem."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    def __str__(self) -> str:
        return f"{SCHEME}{self.path}"


def is_usable(key: str) -> bool:
    """Tell whether the filesystem can open a key: it has no empty part."""
    return not key or ("" not in key.split("/") and key.isprintable())
