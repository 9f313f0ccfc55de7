"""Whose stream is next: so many at a time, within so much memory, in turn by who asks."""

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock

from attrs import define, field

from flightstream.config import Limits
from flightstream.errors import Cancelled, Unavailable

# So long may a client be gone that waits, until that is noticed.
_LOOK_SECONDS = 0.25
_RETRY_SECONDS = 1.0
# More than this makes no stream faster.
_MOST_BYTES = 64 * 2**20


@define(eq=False)
class Place:
    """What a stream has for as long as it runs.

    Args:
        owner: Whom it counts for.
        share_bytes: How much the stream may read before it is sent.
    """

    owner: str
    share_bytes: int = 0
    _admission: "Admission | None" = None
    _gate: Lock = field(factory=Lock, init=False)  # held until there is room

    def __attrs_post_init__(self) -> None:
        self._gate.acquire()

    def hold(self, size: int) -> None:
        """Note how much a batch takes that is larger than the share: others wait for it."""
        if self._admission is not None:
            self._admission.hold(self, max(size, self.share_bytes))

    def leave(self) -> None:
        """Give it to the next one; only the first time counts."""
        if self._admission is not None:
            self._admission.leave(self)


@define(eq=False)
class Admission:
    """The places of one server. Its state is guarded by a lock.

    A place that is free goes to whoever of those that wait has the fewest, then
    to who came first. The last tenth is kept for those that have none, so
    nobody can take them all.

    Half of the memory is divided by the number of places. Of the other half each
    stream gets a quarter of what is left, so few streams read further ahead than
    many.

    Args:
        limits: How many places there are, and how much memory; may be set while
            it is used.
    """

    limits: Limits
    _held: dict[Place, int] = field(factory=dict, init=False)
    _owned: Counter[str] = field(factory=Counter, init=False)
    _waiting: list[Place] = field(factory=list, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    @property
    def waiting(self) -> int:
        """How many streams wait for a place."""
        return len(self._waiting)

    def enter(self, owner: str, is_cancelled: Callable[[], bool]) -> Place:
        """Wait for a place.

        Args:
            owner: Whom it counts for.
            is_cancelled: Tells whether the client has gone; asked while it waits.

        Raises:
            Unavailable: There was none in time.
            Cancelled: The client has gone.
        """
        place = Place(owner, admission=self)
        with self._lock:
            self._waiting.append(place)
            self._grant()
        try:
            self._wait(place, is_cancelled)
        except BaseException:
            self.leave(place)
            raise
        return place

    def _wait(self, place: Place, is_cancelled: Callable[[], bool]) -> None:
        if place._gate.acquire(blocking=False):
            return
        timeout_seconds = self.limits.queue_timeout_seconds
        deadline = time.monotonic() + timeout_seconds
        while True:
            left = deadline - time.monotonic()
            if is_cancelled():
                raise Cancelled("the client has gone")
            if left <= 0:
                raise Unavailable(
                    f"the server has had no room for another stream for {timeout_seconds:g}"
                    " seconds: try again later",
                    retry_after_seconds=_RETRY_SECONDS,
                )
            if place._gate.acquire(timeout=min(left, _LOOK_SECONDS)):
                return

    def hold(self, place: Place, size: int) -> None:
        """Note how much a stream takes now."""
        with self._lock:
            if place in self._held:
                self._held[place] = size
                self._grant()

    def leave(self, place: Place) -> None:
        """Take a place back, or who waits for one out of the queue."""
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
            elif self._held.pop(place, None) is not None:
                self._owned[place.owner] -= 1
                if not self._owned[place.owner]:
                    del self._owned[place.owner]
            self._grant()

    def resize(self, limits: Limits) -> None:
        """Go on with other limits; who has a place keeps it."""
        with self._lock:
            self.limits = limits
            self._grant()

    def _grant(self) -> None:
        """Give what is free to those whose turn it is."""
        places, budget = self.limits.max_concurrent_scans, self.limits.max_buffered_bytes
        while self._waiting and len(self._held) < places:
            free_bytes = budget - sum(self._held.values())
            least = budget // (2 * places)
            if self._held and free_bytes < least:
                return
            place = min(self._waiting, key=lambda one: self._owned[one.owner])
            if self._owned[place.owner] and places - len(self._held) <= places // 10:
                return
            spare = free_bytes - least * (places - len(self._held))
            place.share_bytes = min(_MOST_BYTES, least + max(0, spare // 4))
            self._waiting.remove(place)
            self._held[place] = place.share_bytes
            self._owned[place.owner] += 1
            place._gate.release()
