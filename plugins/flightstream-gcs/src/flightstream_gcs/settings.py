"""The options of one source, and what they open."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urlsplit

import pyarrow.fs as pafs
from attrs import frozen
from obstore.store import GCSStore

from flightstream_gcs.filesystem import GcsHandler


@frozen(kw_only=True)
class Settings:
    """How a store is reached; see the options of :class:`GcsStorage`."""

    endpoint: str | None
    anonymous: bool
    retry_seconds: float
    request_timeout_seconds: float

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Complete the options from the environment, as Google's own tools do."""
        given = dict(options)
        emulator = os.environ.get("STORAGE_EMULATOR_HOST")
        if emulator and not given["endpoint"]:
            given["endpoint"] = emulator if "://" in emulator else f"http://{emulator}"
        return cls(**given)

    def filesystem(self) -> pafs.PyFileSystem:
        """Return what reads files."""
        parts = urlsplit(self.endpoint or "https:")
        filesystem = pafs.GcsFileSystem(
            anonymous=self.anonymous,
            scheme=parts.scheme,
            endpoint_override=parts.netloc or None,
            # Arrow takes whole seconds, and none for no end.
            retry_time_limit=timedelta(seconds=max(1, round(self.retry_seconds))),
        )
        return pafs.PyFileSystem(GcsHandler(filesystem))

    def store(self, bucket: str, *, retries: bool = True) -> GCSStore:
        """Return what lists a bucket; it connects when it is first asked."""
        timeout = timedelta(seconds=self.request_timeout_seconds)
        return GCSStore(
            bucket,
            config={
                "skip_signature": self.anonymous,
                **({"base_url": self.endpoint.rstrip("/")} if self.endpoint else {}),
            },
            client_options={
                "allow_http": (self.endpoint or "").startswith("http://"),
                "timeout": timeout,
                "connect_timeout": timeout,
            },
            retry_config={
                "max_retries": 20 if retries else 0,
                "retry_timeout": timedelta(seconds=self.retry_seconds),
            },
        )
