"""A place that a URI means, and the files in it."""

from collections.abc import Callable, Hashable, Iterable
from typing import Protocol, TypeAlias

import pyarrow.fs as pafs
from attrs import field, frozen

from flightstream.errors import FlightStreamError

Explain: TypeAlias = Callable[[OSError], FlightStreamError | None]


@frozen
class StoredObject:
    """One file as a storage lists it.

    Args:
        path: In the terms of the storage's filesystem.
        size: In bytes.
        version: Changes when the content does, and is the same on every server
            that sees the same content: an ETag, or the size and time of change.
        fingerprint: What tells a change besides, on this server alone.

    .. versionadded:: 0.1
    """

    path: str
    size: int
    version: str
    fingerprint: Hashable = field(default=None, repr=False)


class Objects(Protocol):
    """How a storage lists its files; called from many threads.

    What it raises is an ``OSError``, which becomes ``Unavailable``, or an error
    of FlightStream's own that says more.

    .. versionadded:: 0.1
    """

    def find(self, path: str) -> StoredObject | None:
        """Return one file as it is now, or ``None`` if there is none."""

    def list_below(self, folder: str, *, deep: bool) -> Iterable[StoredObject]:
        """Yield the files of a folder, and if ``deep`` those of all folders in it."""


class RangedObjects(Objects, Protocol):
    """Objects that are read by ranges, see :func:`ranged_filesystem`.

    .. versionadded:: 0.1
    """

    def read(self, stored: StoredObject, start: int, length: int) -> bytes:
        """Return bytes of one file as it was found, all within its size.

        Raises:
            Stale: It is another one by now, or gone.
            Unavailable: The store does not give them.
        """


@frozen
class Storage:
    """A filesystem and the place in it that a URI means.

    Args:
        filesystem: Any Arrow filesystem.
        path: The URI's path in the terms of that filesystem.
        objects: What lists it, where that knows better than the filesystem
            which versions files have.
        explain: Returns what an error of the filesystem means, as clients are
            told, and ``None`` for one that is not its own. Adapters then need
            not tell a store that fails from a damaged file.

    .. versionadded:: 0.1
    """

    filesystem: pafs.FileSystem
    path: str
    objects: Objects | None = None
    explain: Explain | None = None
