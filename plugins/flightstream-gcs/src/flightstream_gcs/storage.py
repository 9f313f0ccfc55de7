"""The storage: its options, and the hooks that open ``gs://`` and look whether it can be read."""

from collections.abc import Mapping
from typing import Any, ClassVar

import structlog
from attrs import field

from flightstream import ConfigError, Storage, hookimpl, option, service
from flightstream_gcs.checks import is_endpoint
from flightstream_gcs.failures import of_reading
from flightstream_gcs.objects import GcsObjects
from flightstream_gcs.place import SCHEME, Place
from flightstream_gcs.settings import Settings

log = structlog.get_logger(__name__)


@service
class GcsStorage:
    """Opens ``gs://bucket/prefix`` in Google Cloud Storage."""

    hooks_version: ClassVar[str] = "1.0"

    endpoint: str | None = option(
        None,
        help="Where the store is, such as http://localhost:4443; by default"
        " STORAGE_EMULATOR_HOST or Google's.",
        validator=is_endpoint,
    )
    anonymous: bool = option(
        False,
        help="Whether to read a public bucket without credentials; by default those of the"
        " environment are used, as by Google's own tools.",
    )
    retry_seconds: float = option(
        20.0,
        help="How long requests that fail are sent again.",
        minimum=1,
        maximum=3600,
    )
    request_timeout_seconds: float = option(
        20.0, help="How long a listing may take to answer.", minimum=0.1, maximum=3600
    )

    # Filled while the server is built, by one thread.
    _opened: list[tuple[Place, GcsObjects]] = field(factory=list, init=False)

    @hookimpl
    def open_storage(self, uri: str, options: Mapping[str, Any]) -> Storage | None:
        """Open a bucket or a part of it; no request is sent yet.

        Raises:
            ConfigError: The URI is malformed.
        """
        if not uri.startswith(SCHEME):
            return None
        place, settings = Place.parse(uri), Settings.of(options)
        objects = GcsObjects(settings, place.bucket)
        self._opened.append((place, objects))
        return Storage(settings.filesystem(), place.path, objects, of_reading)

    @hookimpl
    def on_startup(self) -> None:
        """Look whether every place can be listed.

        A store that does not answer may do so later: that is a warning.

        Raises:
            ConfigError: A place never can be as it is configured.
        """
        problems = []
        for place, objects in self._opened:
            failure = objects.problem(place)
            if failure is not None and failure.is_certain:
                problems.append(f"{place} cannot be read: {failure}")
            elif failure is not None:
                log.warning("storage_unavailable", uri=str(place), problem=str(failure))
        if problems:
            raise ConfigError("\n".join(problems))

    @hookimpl
    def on_shutdown(self) -> None:
        """Let go of the connections."""
        for _, objects in self._opened:
            objects.close()
