"""Whose turn it is in a stream, its source's or its reader's, and since when."""

import time
from collections.abc import Generator
from copy import copy
from threading import Lock
from typing import Any

from attrs import define, field

from flightstream.errors import Unavailable


@define(eq=False)
class Turn:
    """Told by the thread that moves a stream; another one may end it where it stands still.

    Args:
        batches: The stream, to be closed by who releases it.
    """

    batches: Generator[Any] | None = None
    _is_readers: bool = field(default=False, init=False)
    _since: float | None = field(default=None, init=False)
    _error: Unavailable | None = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    @property
    def is_readers(self) -> bool:
        """Whether the stream waits for its reader."""
        return self._is_readers

    def to_reader(self) -> None:
        """Note that the source has given something, or its end.

        Raises:
            Unavailable: It took too long, and the stream was ended.
        """
        self._pass(is_readers=True)

    def to_source(self) -> None:
        """Note that the reader has taken something.

        Raises:
            Unavailable: It took too long, and the stream was ended.
        """
        self._pass(is_readers=False)

    def end_if_idle(self, seconds: float) -> Unavailable | None:
        """End a stream that has stood still since its first batch; return the reason if so."""
        with self._lock:
            if self._error is not None or self._since is None:
                return None
            if time.monotonic() - self._since < seconds:
                return None
            whose = "reader has taken" if self._is_readers else "source has given"
            self._error = Unavailable(f"the stream's {whose} nothing for {seconds:g} seconds")
            return self._error

    def stop(self) -> None:
        """Note that the stream ends by itself; nobody else ends it from now on.

        Raises:
            Unavailable: Somebody has, for it took too long.
        """
        with self._lock:
            self.check()
            self._since = None

    def release(self) -> Generator[Any] | None:
        """Return the stream to be closed; only the first time there is one."""
        with self._lock:
            batches, self.batches = self.batches, None
            return batches

    def check(self) -> None:
        """Raise what the stream was ended with, if it was.

        Raises:
            Unavailable: It stood still for too long.
        """
        if self._error is not None:
            raise copy(self._error)  # its traceback has the stream, which has this turn

    def _pass(self, *, is_readers: bool) -> None:
        with self._lock:
            self.check()
            self._is_readers = is_readers
            self._since = time.monotonic()
