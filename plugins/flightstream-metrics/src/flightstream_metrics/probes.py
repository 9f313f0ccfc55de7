"""Whether the process lives, and whether calls should be sent to it."""

import json
from collections.abc import Callable, Iterator, Mapping
from threading import Lock, Thread

import structlog
from attrs import define, field

from flightstream import ServerStatus, SourceStatus
from flightstream_metrics.endpoint import Answer

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_JSON = "application/json"


@define(eq=False)
class Probes:
    """Answers at once from what the server knows.

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
            for source in filter(_wants_listing, status.sources):
                self._list(source.name)
        reasons = list(self._reasons(status))
        told = json.dumps({"ready": not reasons, "reasons": reasons}).encode() + b"\n"
        return Answer(503 if reasons else 200, told, _JSON)

    def close(self) -> None:
        """Wait a moment for listings under way; one that hangs goes on, and keeps nothing up."""
        with self._lock:
            refreshing = list(self._refreshing.values())
        for thread in refreshing:
            thread.join(_RETRY_SECONDS / len(refreshing))

    def _reasons(self, status: ServerStatus) -> Iterator[dict[str, str]]:
        if status.draining:
            yield {"reason": "draining"}
        elif not status.ready:
            yield {"reason": "starting"}
        for source in status.sources:
            if (source.listing_since_seconds or 0.0) > self._listing_timeout_seconds:
                yield {"reason": "listing_hangs", "source": source.name}
            elif source.listed_seconds_ago is None:
                yield {"reason": "not_listed", "source": source.name}
            elif source.failed:
                yield {"reason": "listing_failed", "source": source.name}

    def _list(self, source: str) -> None:
        """Have a source listed on a thread; there is no more than one for each."""
        with self._lock:
            if source not in self._refreshing:
                thread = Thread(target=self._listed, args=(source,), daemon=True, name="listing")
                self._refreshing[source] = thread
                thread.start()

    def _listed(self, source: str) -> None:
        try:
            self._refresh(source)
        except Exception:
            log.exception("probe_failed", source=source)
        finally:
            with self._lock:
                del self._refreshing[source]


def _wants_listing(source: SourceStatus) -> bool:
    failed_a_while_ago = source.failed and (source.listed_seconds_ago or 0.0) > _RETRY_SECONDS
    return source.listing_since_seconds is None and (source.is_due or failed_a_while_ago)
