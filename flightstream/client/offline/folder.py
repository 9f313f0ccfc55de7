"""The folder: the files that are kept, and those that are being written."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
from attrs import define

from flightstream.client.offline.entry import Entry
from flightstream.client.offline.label import Damaged, Label
from flightstream.client.offline.writer import Writer
from flightstream.errors import ConfigError

_KEPT, _BEING_WRITTEN = ".arrows", ".part"
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
# What nobody has written to for so long, an ended process has left.
_LEFT_SECONDS = 600.0


@define(eq=False)
class Folder:
    """A folder that any number of processes share, without a lock.

    A file gets its name when it is whole, and nobody writes to it any more. Its time of
    change says when the server last said that it is right, and its time of access when
    it was last used.

    Args:
        path: Where.
        max_bytes: How large all files may be together.
    """

    path: Path
    max_bytes: int

    def prepare(self) -> None:
        """Make the folder if there is none, and remove what ended processes have left.

        Raises:
            ConfigError: It cannot be used, or others may write there.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.path.stat()
            if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
                raise ConfigError(
                    f"the folder {str(self.path)!r} belongs to somebody else, who could change"
                    " what is read offline: take one of your own"
                )
            if os.name == "posix" and found.st_mode & _OTHERS_MAY_WRITE:
                raise ConfigError(
                    f"others may write to {str(self.path)!r}, and so change what is read"
                    " offline: chmod go-w"
                )
            with suppress(_NoRoom):
                self.make_room(0)
        except OSError as exc:
            raise ConfigError(
                f"the folder {str(self.path)!r} cannot be used: {exc.strerror}"
            ) from exc

    def open(self, key: str, *, with_rows: bool = True) -> Entry | None:
        """Return what is kept under a name; what is damaged is removed.

        Args:
            key: The name.
            with_rows: Whether its rows are wanted, and not its label alone.
        """
        path = self._final(key)
        try:
            entry = Entry.open(path, key, with_rows=with_rows)
            self._touch(path, confirmed_at=entry.confirmed_at)
        except OSError:
            return None
        except Damaged:
            self.remove(key)
            return None
        return entry

    def confirm(self, key: str) -> None:
        """Note that the server has just said that something is right."""
        with suppress(OSError):
            self._touch(self._final(key), confirmed_at=time.time())

    def remove(self, key: str) -> None:
        """Remove what is kept under a name."""
        with suppress(OSError):
            self._final(key).unlink(missing_ok=True)

    def remove_all(self, beginning: str) -> None:
        """Remove what is kept under all names that begin so."""
        with suppress(OSError):
            for path in self.path.glob(f"{beginning}*{_KEPT}"):
                path.unlink(missing_ok=True)

    def writer(self, key: str, schema: pa.Schema) -> Writer:
        """Begin a file.

        Raises:
            OSError: It cannot be made.
        """
        return Writer(self, self.path / f"{key}.{uuid4().hex[:8]}{_BEING_WRITTEN}", schema)

    def publish(self, writer: Writer, label: Label) -> None:
        """Give a file that is whole its name.

        Raises:
            OSError: It could not be written to its end.
        """
        writer.finish(label, self._final(label.key))

    def make_room(self, size: int) -> None:
        """Remove what was used longest ago, until so many bytes more fit.

        Raises:
            OSError: They do not, or the folder cannot be written to any more.
        """
        now, taken = time.time(), size
        kept = []
        for path, found in self._found():
            if path.suffix == _BEING_WRITTEN and now - found.st_mtime > _LEFT_SECONDS:
                path.unlink(missing_ok=True)
                continue
            taken += found.st_size
            if path.suffix == _KEPT:
                kept.append((path, found))
        for path, found in sorted(kept, key=lambda one: one[1].st_atime_ns):
            if taken <= self.max_bytes:
                return
            path.unlink(missing_ok=True)
            taken -= found.st_size
        if taken > self.max_bytes:
            raise _NoRoom(f"there is no room for it within max_bytes, {self.max_bytes}")

    def _final(self, key: str) -> Path:
        return self.path / f"{key}{_KEPT}"

    def _touch(self, path: Path, *, confirmed_at: float) -> None:
        os.utime(path, (time.time(), confirmed_at))

    def _found(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.path.iterdir():
            if path.suffix in (_KEPT, _BEING_WRITTEN):
                with suppress(FileNotFoundError):
                    yield path, path.stat()


class _NoRoom(OSError):
    """What is kept and written would be larger than it may be."""
