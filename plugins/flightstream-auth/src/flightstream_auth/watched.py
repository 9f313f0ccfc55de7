"""Files that are read again when they change."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import structlog
from attrs import define, field

from flightstream import ConfigError

log = structlog.get_logger(__name__)

T = TypeVar("T")
_MAX_BYTES = 16 * 1024 * 1024


@define(eq=False)
class WatchedFile(Generic[T]):
    """What is in a file now. Safe for many threads.

    While a file that changed cannot be read, such as one that is half written,
    what was in it before holds, and the log says so.

    Args:
        path: The file.
        read: Makes a value of its text; raises :class:`ValueError` with what is wrong.
    """

    path: Path
    read: Callable[[str], T]
    _value: T | None = field(default=None, init=False, repr=False)
    _seen: tuple[int, ...] | None = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    def open(self) -> None:
        """Read the file for the first time.

        Raises:
            ConfigError: It cannot be read, or something in it is wrong.
        """
        seen = self._look()
        try:
            self._value = self._read()
        except ValueError as exc:
            raise ConfigError(f"{self.path}: {exc}") from None
        self._seen = seen

    def current(self) -> T:
        """Return the value of what is in the file now."""
        if self._look() != self._seen:
            with self._lock:
                seen = self._look()
                if seen != self._seen:
                    self._refresh(seen)
        assert self._value is not None, "the file was never opened"
        return self._value

    def _refresh(self, seen: tuple[int, ...]) -> None:
        try:
            self._value = self._read()
        except ValueError as exc:
            log.error("auth_file_not_read", file=self.path.name, problem=str(exc))
        else:
            log.info("auth_file_read", file=self.path.name)
        self._seen = seen  # told once, and looked at again when it changes again

    def _look(self) -> tuple[int, ...]:
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _read(self) -> T:
        try:
            with self.path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
        except OSError as exc:
            raise ValueError(f"cannot be read: {(exc.strerror or 'it failed').lower()}") from None
        if len(content) > _MAX_BYTES:
            raise ValueError("is larger than 16 MiB")
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise ValueError("is not UTF-8 text") from None
        return self.read(text)
