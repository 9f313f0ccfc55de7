"""The folder: the files that are kept, and those that are being written."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import structlog
from attrs import define, evolve, field

from flightstream import ConfigError
from flightstream_cache.entry import Entry, Identity
from flightstream_cache.label import Damaged
from flightstream_cache.part import Part

log = structlog.get_logger(__name__)

_KEPT, _BEING_WRITTEN = ".arrows", ".part"
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MAX_PROVEN = 10_000


@define(eq=False)
class Folder:
    """A folder that any number of processes share. Guarded by a lock where it has state."""

    path: Path
    max_bytes: int
    _proven: dict[str, tuple[Identity, set[int]]] = field(factory=dict, init=False, repr=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    def prepare(self) -> None:
        """Make the folder if there is none, and remove what ended processes have left.

        Raises:
            ConfigError: It cannot be used, or others may write there.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.path.stat()
            if found.st_uid != os.geteuid():
                raise ConfigError(
                    f"the folder {str(self.path)!r} belongs to somebody else, who could change"
                    " what the cache serves: give it to the user of the server"
                )
            if found.st_mode & _OTHERS_MAY_WRITE:
                raise ConfigError(
                    f"others may write to {str(self.path)!r}, and so change what the cache"
                    " serves: chmod go-w"
                )
            self.make_room(0)
            for left in self.path.glob(f"*{_BEING_WRITTEN}"):
                self._remove_unused(left)
        except OSError as exc:
            raise ConfigError(
                f"the folder {str(self.path)!r} cannot be used: {exc.strerror}"
            ) from exc

    def open(self, key: str) -> Entry | None:
        """Return what is kept under a name; what is damaged is thrown away."""
        path = self.final(key)
        try:
            entry = Entry.open(path)
            if entry.label.key != key:
                raise Damaged("it is the file of something else")
        except FileNotFoundError:
            return None
        except Damaged as exc:
            self.throw_away(key, exc)
            return None
        except OSError as exc:
            log.warning("cache_not_read", file=path.name, reason=exc.strerror)
            return None
        with self._lock:
            identity, proven = self._proven.get(key, (None, set()))
            if identity != entry.identity:
                proven = set()
                if len(self._proven) >= _MAX_PROVEN:
                    self._proven.clear()
                self._proven[key] = (entry.identity, proven)
        return evolve(entry, proven=proven)

    def throw_away(self, key: str, reason: Damaged) -> None:
        """Remove a file that is damaged, so that its flight is read anew."""
        path = self.final(key)
        log.warning("cache_file_damaged", file=path.name, reason=str(reason))
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            log.warning("cache_not_removed", file=path.name, reason=exc.strerror)

    def claim(self, key: str) -> Part | None:
        """Return a file to be written; ``None`` if another process writes it.

        Raises:
            OSError: It cannot be made.
        """
        return Part.claim(self.path / f"{key}{_BEING_WRITTEN}")

    def make_room(self, size: int) -> bool:
        """Remove what was used longest ago until so many bytes more fit; tell whether they do.

        Raises:
            OSError: The folder is gone, or may not be written any more.
        """
        kept = list(self._found(_KEPT))
        taken = sum(found.st_size for _, found in [*kept, *self._found(_BEING_WRITTEN)])
        for path, found in sorted(kept, key=lambda one: one[1].st_atime_ns):
            if taken + size <= self.max_bytes:
                break
            path.unlink(missing_ok=True)
            taken -= found.st_size
        return taken + size <= self.max_bytes

    def final(self, key: str) -> Path:
        """Return where a file is kept under a name."""
        return self.path / f"{key}{_KEPT}"

    def kept(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield the files that are kept, in no order."""
        return self._found(_KEPT)

    def _found(self, suffix: str) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.path.glob(f"*{suffix}"):
            try:
                yield path, path.stat()
            except FileNotFoundError:
                continue

    def _remove_unused(self, left: Path) -> None:
        part = Part.claim(left)
        if part is not None:
            part.discard()
            part.close()
