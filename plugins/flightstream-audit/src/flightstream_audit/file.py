"""A file of lines that is rotated by its size."""

import os
import stat
from contextlib import suppress
from pathlib import Path

import structlog
from attrs import define, field

log = structlog.get_logger(__name__)

# Not to wait for a reader, if somebody has put a pipe there.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
_OWNER_ALONE = 0o600


@define(eq=False)
class LineFile:
    """Appends whole lines: each is there once it is written, or not at all.

    The handlers of ``logging`` do less: they keep what a full disk does not take,
    and leave half a line there; they lose each line at which they cannot rotate.

    Where something else has moved the file away, a new one is begun. Whoever has
    several threads has a lock around it.

    Args:
        path: The file that is written. Older ones are ``path.1``, ``path.2``, ….
        max_bytes: The size from which on a new file is begun.
        keep: How many older files there are at most.
    """

    path: Path
    max_bytes: int
    keep: int
    _file: int | None = field(default=None, init=False)
    _is_open: bool = field(default=False, init=False)
    _can_rotate: bool = field(default=True, init=False)

    def open(self) -> None:
        """Open the file, and make it if it is not there.

        Raises:
            OSError: It cannot be written.
        """
        self._reopen()
        self._is_open = True

    def close(self) -> None:
        """Close the file; a line that comes later opens it for itself alone."""
        self._is_open = False
        self._close()

    def append(self, line: bytes) -> None:
        """Write a line.

        Raises:
            OSError: It could not be written, and nothing of it is there.
        """
        try:
            size = self._size()
            if size and size + len(line) > self.max_bytes:
                size = self._rotate(size)
            self._write(line, size)
        finally:
            if not self._is_open:
                self._close()

    def _size(self) -> int:
        """Return how large the file is that the path means now, after opening that."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return self._reopen()
        if self._file is None or not os.path.samestat(found, os.fstat(self._file)):
            return self._reopen()
        return found.st_size

    def _reopen(self) -> int:
        file = os.open(self.path, _FLAGS, _OWNER_ALONE)
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            os.close(file)
            raise OSError(0, "it is no regular file")
        self._close()
        self._file = file
        return found.st_size

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _rotate(self, size: int) -> int:
        """Begin a new file, or go on with this one; return the size of what is written to."""
        try:
            older = [self.path.with_name(f"{self.path.name}.{n}") for n in range(1, self.keep + 1)]
            # Up to the first gap, or nothing would be left after many attempts that fail.
            last = next((n for n, one in enumerate(older) if not one.exists()), self.keep - 1)
            for number in range(last, 0, -1):
                os.replace(older[number - 1], older[number])
            os.replace(self.path, older[0])
            size = self._reopen()
        except OSError as exc:
            if self._can_rotate:
                log.error("audit_not_rotated", error=exc.strerror)
            self._can_rotate = False
        else:
            self._can_rotate = True
        return size

    def _write(self, line: bytes, size: int) -> None:
        assert self._file is not None
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError:
            if written:
                with suppress(OSError):
                    os.ftruncate(self._file, size)
            raise
