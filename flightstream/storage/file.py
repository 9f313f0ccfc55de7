"""One file of a source."""

from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.fs as pafs
from attrs import field, frozen

from flightstream.errors import NotFound, Stale, Unavailable
from flightstream.models import Objects, StoredObject
from flightstream.storage.failures import Failures

_COMPRESSIONS = frozenset({".gz", ".bz2", ".zst", ".lz4", ".xz", ".br"})


@frozen(eq=False)
class File:
    """One file as it was when it was listed.

    Args:
        filesystem: Where it lies.
        name: Its path within the source, parts separated by ``/``.

    .. versionadded:: 0.1
    """

    filesystem: pafs.FileSystem = field(repr=False)
    name: str
    _listed: StoredObject = field(repr=False)
    _objects: Objects = field(repr=False)
    _failures: Failures = field(factory=Failures, repr=False)

    @property
    def path(self) -> str:
        """Its path in the filesystem; never shown to clients."""
        return self._listed.path

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self._listed.size

    @property
    def version(self) -> str:
        """What changes when the content does."""
        return self._listed.version

    @property
    def stem(self) -> str:
        """The name without its suffix, and without that of a compression before it."""
        return str(uncompressed(self.name).with_suffix(""))

    def open(self) -> pa.NativeFile:
        """Open the file for reading at any position.

        Raises:
            NotFound: It is gone.
            Unavailable: It is there but cannot be opened, or what its storage says.
        """
        try:
            return self.filesystem.open_input_file(self.path)
        except FileNotFoundError as exc:
            raise NotFound(f"the file {self.name!r} is gone") from exc
        except OSError as exc:
            told = self._failures.told(exc)
            raise told or Unavailable(f"the file {self.name!r} cannot be opened") from exc

    def check_unchanged(self) -> None:
        """Hold the file against what it was when it was listed.

        An adapter calls this before it gives out what it has just read, so
        that no stream mixes two states of a file. It costs one ``stat``.

        Raises:
            Stale: It has changed, or is gone.
        """
        if not self.is_unchanged():
            raise Stale(f"the file {self.name!r} changed: ask for the flight again")

    def is_unchanged(self) -> bool:
        """Tell whether the file still is what it was when it was listed."""
        try:
            found = self._objects.find(self.path)
        except OSError:
            return False
        return found is not None and (found.version, found.fingerprint) == (
            self.version,
            self._listed.fingerprint,
        )


def uncompressed(name: str) -> PurePosixPath:
    """Return a file's name without the suffix of a compression, ``a.csv`` for ``a.csv.gz``."""
    path = PurePosixPath(name)
    return path.with_suffix("") if path.suffix.lower() in _COMPRESSIONS else path
