"""What each subject has used lately, and what it runs now."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import RLock
from typing import TypeAlias

from attrs import define, field

from flightstream import LimitExceeded, StartedCall
from flightstream_quotas.bucket import SECOND, TokenBucket
from flightstream_quotas.limits import Limits

Counted: TypeAlias = tuple[str, str]
"""Whose calls are counted together: a subject, and for nobody in particular an address."""

_MAX_IDLE = 10_000
# Nobody can tell when another scan of the same subject ends.
_SCAN_RETRY_SECONDS = 1.0


@define(eq=False)
class _Used:
    """What one subject has used.

    Args:
        calls: What is left of its calls.
        scans: The ids of the calls that are its running scans.
    """

    calls: TokenBucket = field(factory=TokenBucket)
    scans: set[str] = field(factory=set)


@define(eq=False)
class Usage:
    """What all subjects have used. Its state is guarded by a lock.

    Those that run a scan are remembered as long as it runs, and of the others the
    10,000 that called last: a bucket that nobody has taken from for a minute is
    as good as a new one.

    Args:
        clock: Nanoseconds that never go back.
    """

    clock: Callable[[], int] = time.monotonic_ns
    _busy: dict[Counted, _Used] = field(factory=dict, init=False)
    _idle: OrderedDict[Counted, _Used] = field(factory=OrderedDict, init=False)
    _scans: dict[str, Counted] = field(factory=dict, init=False)
    # A scan that nobody began ends where it is collected, perhaps on a thread that is in here.
    _lock: RLock = field(factory=RLock, init=False)

    def admit(self, who: Counted, call: StartedCall, limits: Limits) -> None:
        """Count a call in.

        Raises:
            LimitExceeded: It would be one too many.
        """
        with self._lock:
            used = self._used(who)
            if limits.calls_per_minute is not None:
                _take(used.calls, limits.calls_per_minute, self.clock())
            if limits.concurrent_scans is not None and call.method == "DoGet":
                if len(used.scans) >= limits.concurrent_scans:
                    raise LimitExceeded(
                        f"your limit of concurrent scans is {limits.concurrent_scans}:"
                        " try again when one has ended",
                        retry_after_seconds=_SCAN_RETRY_SECONDS,
                    )
                used.scans.add(call.call)
                self._scans[call.call] = who
                self._busy[who] = used
                self._idle.pop(who, None)

    def finish(self, call: str) -> None:
        """Count a scan out, by the id of its call; anything else is none of ours."""
        with self._lock:
            who = self._scans.pop(call, None)
            if who is None:
                return
            used = self._busy[who]
            used.scans.discard(call)
            if not used.scans:
                del self._busy[who]
                self._remember(who, used)

    def _used(self, who: Counted) -> _Used:
        used = self._busy.get(who)
        if used is None:
            used = self._idle.pop(who, None) or _Used()
            self._remember(who, used)
        return used

    def _remember(self, who: Counted, used: _Used) -> None:
        self._idle[who] = used
        if len(self._idle) > _MAX_IDLE:
            self._idle.popitem(last=False)


def _take(calls: TokenBucket, per_minute: int, now: int) -> None:
    wait = calls.take(per_minute, now)
    if wait:
        seconds = math.ceil(10 * wait / SECOND) / 10
        raise LimitExceeded(
            f"your limit of calls a minute is {per_minute}: try again in {seconds:g} seconds",
            retry_after_seconds=seconds,
        )
