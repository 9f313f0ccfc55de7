"""Guesses are slowed down: failures are counted by address, what was accepted passes."""

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from threading import Condition, Semaphore

import structlog
from attrs import define, field

from flightstream.addresses import address_of
from flightstream.config import LoginLimits
from flightstream.errors import FlightStreamError, LimitExceeded, Unauthenticated
from flightstream.models import Credentials

log = structlog.get_logger(__name__)

_MAX_ADDRESSES = 10_000
_MAX_ACCEPTED = 10_000
_ACCEPTED_SECONDS = 600.0
_WAIT_SECONDS = 5.0
# A refusal costs the server about 0.4 ms, which many at once would take from others.
_HELD_SECONDS = 0.1
_MAX_HELD = 16

# What travels with any call and proves nothing. A header that is not here may be what an
# authenticator looks at.
_NO_CREDENTIALS = frozenset({
    "accept", "accept-encoding", "baggage", "content-type", "forwarded", "host", "te",
    "traceparent", "tracestate", "user-agent", "via", "x-real-ip", "x-request-id",
})  # fmt: skip
_NO_CREDENTIALS_PREFIXES = (":", "grpc-", "x-b3-", "x-envoy-", "x-forwarded-")


@define(eq=False)
class _Address:
    """What one address has left.

    Args:
        left: How many more failures, at a time.
        at: That time.
        judged: How many of its credentials are being judged now.
        told: Whether the log has it.
    """

    left: float
    at: float
    judged: int = 0
    told: bool = False


@define(eq=False)
class Logins:
    """What addresses have failed to log in with lately. Its state is guarded by a condition.

    It holds a fixed number of addresses and of keyed digests of what was
    accepted, never credentials; the key is made for this object alone.

    Args:
        limits: How many failures an address has; may be set while it is used.
        clock: Seconds that never go back.
        pause: What a refusal waits by, on the thread of its call.
    """

    limits: LoginLimits
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _key: bytes = field(factory=lambda: os.urandom(32), init=False, repr=False)
    _addresses: OrderedDict[str, _Address] = field(factory=OrderedDict, init=False, repr=False)
    _accepted: OrderedDict[bytes, float] = field(factory=OrderedDict, init=False, repr=False)
    _changed: Condition = field(factory=Condition, init=False, repr=False)
    _held: Semaphore = field(factory=lambda: Semaphore(_MAX_HELD), init=False, repr=False)

    @contextmanager
    def judging(self, credentials: Credentials) -> Iterator[None]:
        """Let plugins judge credentials in a ``with`` block, or refuse them.

        What was accepted lately is always judged, so that nobody is locked out
        by who guesses behind the same address. Calls without any credentials
        are judged too, and not counted.

        Raises:
            LimitExceeded: The address has had too many failures.
        """
        digest = self._digest(credentials)
        limits = self.limits
        if digest is None or not limits.failures:
            yield
            return
        address = self._admit(address_of(credentials.peer), digest, limits)
        failed = False
        try:
            yield
            self._accept(digest)
        except Unauthenticated as exc:
            failed = True
            if not isinstance(exc.__cause__, FlightStreamError):  # they could be checked
                self._forget(digest)
            raise
        finally:
            if address is not None:
                self._end(address, failed=failed)

    def accept(self, credentials: Credentials) -> None:
        """Note that credentials are right, such as a token that was just issued."""
        if (digest := self._digest(credentials)) is not None:
            self._accept(digest)

    def _admit(self, name: str, digest: bytes, limits: LoginLimits) -> _Address | None:
        """Return the address, or ``None`` if it is known that the credentials are right.

        No more are judged at once than may fail; the others wait for these.
        """
        with self._changed:
            address = self._address(name)

            def decided() -> bool:
                free = self._left(address) - address.judged >= 1
                return free or address.left < 1 or self._was_accepted(digest)

            self._changed.wait_for(decided, _WAIT_SECONDS)
            if self._was_accepted(digest):
                return None
            if address.left - address.judged >= 1:
                address.judged += 1
                return address
            told, address.told = address.told, True
        if not told:
            log.warning("logins_slowed_down", address=name)
        self._hold()
        seconds = (1 - address.left) * limits.within_seconds / limits.failures
        raise LimitExceeded(
            "too many failed logins from this address",
            retry_after_seconds=round(max(seconds, 0.1), 1),
        )

    def _hold(self) -> None:
        """Let a client that guesses wait, but never more than a few threads with it."""
        if self._held.acquire(blocking=False):
            try:
                self.pause(_HELD_SECONDS)
            finally:
                self._held.release()

    def _end(self, address: _Address, *, failed: bool) -> None:
        with self._changed:
            address.judged -= 1
            address.left = max(0.0, self._left(address) - failed)
            self._changed.notify_all()

    def _forget(self, digest: bytes) -> None:
        with self._changed:
            self._accepted.pop(digest, None)

    def _accept(self, digest: bytes) -> None:
        with self._changed:
            self._accepted[digest] = self.clock() + _ACCEPTED_SECONDS
            self._accepted.move_to_end(digest)
            if len(self._accepted) > _MAX_ACCEPTED:
                self._accepted.popitem(last=False)

    def _was_accepted(self, digest: bytes) -> bool:
        until = self._accepted.get(digest)
        return until is not None and self.clock() < until

    def _address(self, name: str) -> _Address:
        address = self._addresses.setdefault(
            name, _Address(float(self.limits.failures), self.clock())
        )
        self._addresses.move_to_end(name)
        if len(self._addresses) > _MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        return address

    def _left(self, address: _Address) -> float:
        """Return what an address has left now."""
        now, most = self.clock(), float(self.limits.failures)
        regained = (now - address.at) * most / self.limits.within_seconds
        address.left, address.at = min(most, address.left + regained), now
        address.told = address.told and address.left < most
        return address.left

    def _digest(self, credentials: Credentials) -> bytes | None:
        """Return what credentials are known by here; ``None`` where there are none."""
        headers = sorted(
            (name, values) for name, values in credentials.headers.items() if _may_prove(name)
        )
        if not headers:
            return None
        text = repr((headers, credentials.peer_identity))
        return blake2b(text.encode(errors="surrogatepass"), key=self._key, digest_size=16).digest()


def _may_prove(header: str) -> bool:
    return header not in _NO_CREDENTIALS and not header.startswith(_NO_CREDENTIALS_PREFIXES)
