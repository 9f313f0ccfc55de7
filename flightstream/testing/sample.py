"""What an author gives a kit: what the plugin is tried on, and what is expected of it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from attrs import field, frozen

from flightstream.models import Credentials, Identity


@frozen
class Sample:
    """A source and what an adapter should find in it.

    Args:
        uri: The source: a folder, a file or a URI.
        tables: Every flight's rows, by name, as they should be read.
        options: What the adapter is given here beside the class's ``options``.
        flights: The flights that are many files, as in ``[sources.NAME.flights]``.

    .. versionadded:: 0.1
    """

    uri: str | Path
    tables: Mapping[str, pa.Table] = field(repr=False)
    options: Mapping[str, Any] = field(factory=dict, repr=False)
    flights: Mapping[str, Any] = field(factory=dict, repr=False)

    def as_source(self, adapter: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the source's table in a configuration, with one adapter and its options."""
        return {
            "uri": str(self.uri),
            "adapters": [adapter],
            "flights": dict(self.flights),
            "options": {adapter: options},
        }


@frozen
class Logins:
    """Credentials, and what an authenticator should say to them.

    Args:
        accepted: Pairs of credentials and the identity that they prove.
        refused: Credentials of the plugin's own scheme that are wrong: another
            password, an expired token, another signature.
        options: What the plugin is given here beside the class's ``options``.

    .. versionadded:: 0.1
    """

    accepted: Sequence[tuple[Credentials, Identity]] = field(repr=False)
    refused: Sequence[Credentials] = field(repr=False)
    options: Mapping[str, Any] = field(factory=dict, repr=False)


@frozen
class StoredFiles:
    """A place that a storage opens, and what is in it.

    Args:
        uri: As in ``[sources.NAME]``; it means a folder.
        files: Every file's content, by its path in the folder.
        options: What the plugin is given here beside the class's ``options``.

    .. versionadded:: 0.1
    """

    uri: str
    files: Mapping[str, bytes] = field(repr=False)
    options: Mapping[str, Any] = field(factory=dict, repr=False)


@frozen
class Observed:
    """What an observer is given, and where to look at what it does.

    Args:
        options: What the plugin is given here beside the class's ``options``.
        written: Returns all that it has written so far, for an observer that
            writes lines.

    .. versionadded:: 0.1
    """

    options: Mapping[str, Any] = field(factory=dict, repr=False)
    written: Callable[[], str] | None = field(default=None, repr=False)
