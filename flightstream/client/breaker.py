"""A server that is away is left alone for a while."""

import time
from threading import Lock

from attrs import define, field

from flightstream.errors import Unavailable

FAILURES = 5
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 30.0


@define(eq=False)
class Breaker:
    """Counts the attempts to reach one place that failed in a row; shared by threads.

    After the fifth, and each one after that, nobody asks there for a time, twice
    as long each time, up to 30 seconds.
    """

    uri: str
    _failed: int = field(default=0, init=False)
    _closed_at: float = field(default=0.0, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def check(self) -> None:
        """Go on if the place may be asked.

        Raises:
            Unavailable: Not yet; it says when.
        """
        left = self._closed_at - time.monotonic()
        if left > 0:
            raise Unavailable(
                f"{self.uri} has not answered {self._failed} times in a row:"
                f" it is asked again in {left:.1f} seconds",
                retry_after_seconds=left,
            )

    def failed(self) -> None:
        """Count an attempt that failed; those that were under way when others did count as one."""
        with self._lock:
            if self._closed_at > time.monotonic():
                return
            self._failed += 1
            if self._failed >= FAILURES:
                pause = _FIRST_PAUSE_SECONDS * 2.0 ** (self._failed - FAILURES)
                self._closed_at = time.monotonic() + min(pause, _LONGEST_PAUSE_SECONDS)

    def answered(self) -> None:
        """Forget what was."""
        with self._lock:
            self._failed, self._closed_at = 0, 0.0
