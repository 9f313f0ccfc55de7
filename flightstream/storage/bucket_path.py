"""What ``s3://bucket/prefix`` and the like mean."""

import re
from typing import Self

from attrs import frozen

from flightstream.errors import ConfigError

# Stores other than AWS also allow capitals and underscores.
_BUCKET = re.compile(r"[A-Za-z0-9](?!.*\.\.)[A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_MAX_KEY_BYTES = 1024


@frozen
class BucketPath:
    """A bucket, and a key or prefix in it.

    Args:
        bucket: Its name.
        key: Without a slash at either end; ``""`` for the whole bucket.

    .. versionadded:: 0.1
    """

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str, credentials: str) -> Self:
        """Read ``SCHEME://bucket/key``; all behind the bucket is a key as it is, ``%`` too.

        Args:
            uri: The URI of a source.
            credentials: Where credentials come from, for those who write them
                into the URI.

        Raises:
            ConfigError: There is no such place.
        """
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        key = key.removesuffix("/")
        if "@" in bucket:
            raise ConfigError(f"a {scheme}:// URI has no login in it: {credentials}")
        if not _BUCKET.fullmatch(bucket):
            raise ConfigError(
                f"{bucket[:80]!r} is no name of a bucket: write the URI as {scheme}://bucket/prefix"
            )
        if not is_usable_key(key) or len(key.encode()) > _MAX_KEY_BYTES:
            raise ConfigError(
                f"no file of the bucket {bucket!r} can be served below such a key: it has an"
                " empty part, characters that cannot be printed, or is longer than 1,024 bytes"
            )
        return cls(bucket, key)

    @property
    def path(self) -> str:
        """The place in the terms of a filesystem, ``bucket/key``."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket


def is_usable_key(key: str) -> bool:
    """Tell whether a key can be the path of a file: it has no empty part.

    .. versionadded:: 0.1
    """
    return not key or ("" not in key.split("/") and key.isprintable())
