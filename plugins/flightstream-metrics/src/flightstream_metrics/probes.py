"""Whether the process lives, and whether calls should be sent to it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock, Thread

import structlog
from attrs import define, field

from flightstream import ServerStatus, SourceStatus
from flightstream_metrics.endpoint import Answer

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_PATIENCE_SECONDS = 0.5  # a probe of Kubernetes waits for one second
_JSON = "application/json"


@define(eq=False)
class Probes:
    """Answers from what the server knows, at once or within half a second.

    Sources are listed when a call needs them, and no call comes where a balancer
    sends none: so whoever asks whether the server is ready has those listed again,
    in the background, that are due or have failed.

    Args:
        status: Tells how the server is.
        refresh: Lists a source.
        listing_timeout_seconds: How long a listing may be under way.
    """

    _status: Callable[[], ServerStatus]
    _refresh: Callable[[str], None]
    _listing_timeout_seconds: float
    _refreshing: dict[str, Thread] = field(factory=dict, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def alive(self, _headers: Mapping[str, str]) -> Answer:
        """Say that the process answers."""
        return Answer(200, b"ok\n")

    def ready(self, _headers: Mapping[str, str]) -> Answer:
        """Say whether every plugin and every source is ready, or why not."""
        status = self._status()
        if status.ready:
            due = [source for source in status.sources if _wants_listing(source)]
            listing = {source: self._list(source.name) for source in due}
            new = [thread for source, thread in listing.items() if _is_new(source)]
            if new:  # after a start or a reload, when there is nothing to answer from
                _join(new, _PATIENCE_SECONDS)
                status = self._status()
        reasons = list(self._reasons(status))
        told = json.dumps({"ready": not reasons, "reasons": reasons}).encode() + b"\n"
        return Answer(503 if reasons else 200, told, _JSON)

    def close(self) -> None:
        """Wait a moment for listings under way; one that hangs goes on, and keeps nothing up."""
        with self._lock:
            refreshing = list(self._refreshing.values())
        _join(refreshing, _PATIENCE_SECONDS)

    def _reasons(self, status: ServerStatus) -> Iterator[dict[str, str]]:
        if status.draining:
            yield {"reason": "draining"}
        elif not status.ready:
            yield {"reason": "starting"}
        for source in status.sources:
            if (source.listing_since_seconds or 0.0) > self._listing_timeout_seconds:
                yield {"reason": "listing_hangs", "source": source.name}
            elif _is_new(source):
                yield {"reason": "not_listed", "source": source.name}
            elif source.failed:
                yield {"reason": "listing_failed", "source": source.name}

    def _list(self, source: str) -> Thread:
        """Have a source listed on a thread; there is no more than one for each."""
        with self._lock:
            if (thread := self._refreshing.get(source)) is None:
                thread = Thread(target=self._listed, args=(source,), daemon=True, name="listing")
                self._refreshing[source] = thread
                thread.start()
            return thread

    def _listed(self, source: str) -> None:
        try:
            self._refresh(source)
        except Exception:
            log.exception("probe_failed", source=source)
        finally:
            with self._lock:
                del self._refreshing[source]


def _is_new(source: SourceStatus) -> bool:
    return source.listed_seconds_ago is None


def _wants_listing(source: SourceStatus) -> bool:
    failed_a_while_ago = source.failed and (source.listed_seconds_ago or 0.0) > _RETRY_SECONDS
    return source.listing_since_seconds is None and (source.is_due or failed_a_while_ago)


def _join(threads: Sequence[Thread], seconds: float) -> None:
    """Wait for threads, but no longer than some seconds for all of them."""
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
