"""How long a client waits, and how often it tries again."""

import random
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen

from flightstream.client.events import Retrying, Teller
from flightstream.client.halt import Halt
from flightstream.errors import ConfigError, Unavailable


def _check_positive(_instance: object, attribute: Any, value: float) -> None:
    if not value > 0:
        raise ConfigError(f"{attribute.name} is {value!r}: it has to be more than 0")


@frozen(kw_only=True)
class Patience:
    """The numbers of :func:`flightstream.connect`."""

    attempts: int = field(default=3, validator=_check_positive)
    backoff_seconds: float = field(default=1.0, validator=_check_positive)
    timeout_seconds: float = field(default=30.0, validator=_check_positive)
    connect_timeout_seconds: float = field(default=5.0, validator=_check_positive)
    first_batch_timeout_seconds: float = field(default=300.0, validator=_check_positive)
    idle_timeout_seconds: float = field(default=300.0, validator=_check_positive)


class TimedOut(Unavailable):
    """A server did not answer in time; it would not the next time, so it is not asked again."""


@define(eq=False)
class Attempts:
    """The attempts at one thing; they are all there again once something has come of one."""

    patience: Patience
    halt: Halt
    tell: Teller
    _failed: int = field(default=0, init=False)

    def renew(self) -> None:
        """Begin to count anew."""
        self._failed = 0

    def after(self, error: Unavailable, uri: str, places: int = 1) -> None:
        """Return when it is time to try again.

        Args:
            error: Why the last attempt failed.
            uri: Where.
            places: How many there are that may be asked; each has so many attempts,
                and it is waited only when all have failed.

        Raises:
            Unavailable: The error, for it was the last attempt.
            Cancelled: Nobody wants it any more.
        """
        self._failed += 1
        done, rest = divmod(self._failed, places)
        wait_seconds = 0.0 if rest else self._wait_seconds(error, done)
        if done >= self.patience.attempts or wait_seconds > self.patience.timeout_seconds:
            raise error
        self.tell(Retrying(uri, self._failed + 1, wait_seconds, error))
        self.halt.sleep(wait_seconds)

    def _wait_seconds(self, error: Unavailable, done: int) -> float:
        # Clients that a server has lost at once should not all come back at once.
        backoff = self.patience.backoff_seconds * 2.0 ** (done - 1) * random.uniform(0.5, 1)
        return max(backoff, error.retry_after_seconds or 0)


def retried(attempts: Attempts, uri: str, call: Callable[[], Any]) -> Any:
    """Make a call, and again while its server is unavailable."""
    while True:
        try:
            return call()
        except TimedOut:
            raise
        except Unavailable as exc:
            attempts.after(exc, uri)
