"""A file that is being written, which nobody reads but who writes it."""

import fcntl
import os
from pathlib import Path

from attrs import define


@define(eq=False)
class Part:
    """A file that this process alone may write, rename and remove, by a lock on it.

    The system lets go of the lock when the process ends, however it does.
    """

    path: Path
    file: int

    @classmethod
    def claim(cls, path: Path) -> "Part | None":
        """Make the file or take over what an ended process has left; ``None`` if it is in use.

        Raises:
            OSError: It cannot be made.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        part = cls(path, os.open(path, flags, 0o600))
        try:
            fcntl.flock(part.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # While this process waited for the lock, the file may have got its final name.
            if os.path.samestat(os.stat(path), os.fstat(part.file)):
                return part
        except (BlockingIOError, FileNotFoundError):
            pass
        part.close()
        return None

    def read(self, start: int, end: int) -> bytes:
        """Return bytes that were written; less, if the file was discarded."""
        return os.pread(self.file, end - start, start)

    def read_into(self, buffer: memoryview, start: int) -> None:
        """Read as many bytes as a buffer takes, without making room for them anew."""
        os.preadv(self.file, [buffer], start)

    def publish(self, path: Path) -> None:
        """Give the file its final name, in place of whatever has that."""
        os.rename(self.path, path)

    def discard(self) -> None:
        """Remove the file, and free its room at once."""
        self.path.unlink(missing_ok=True)
        os.ftruncate(self.file, 0)

    def close(self) -> None:
        """Let go of the lock."""
        os.close(self.file)
