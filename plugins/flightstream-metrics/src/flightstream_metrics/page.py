"""What Prometheus reads: everything that was observed, and how the server is now."""

from collections import deque
from collections.abc import Mapping
from threading import Lock

from attrs import define, field
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from flightstream import CallRecord, PluginFailure, ServerInfo
from flightstream_metrics.endpoint import Answer
from flightstream_metrics.instruments import Instruments
from flightstream_metrics.now import ServerCollector


@define(eq=False)
class Page:
    """The metrics of one server, in a registry of their own.

    A call may end on a thread that is inside the instruments: where its stream is
    collected. Their locks cannot be taken twice, so what is observed is queued, and
    counted by whoever has the one lock around all of them, which nobody waits for
    but a reader.
    """

    _instruments: Instruments
    _registry: CollectorRegistry = field(factory=CollectorRegistry, init=False)
    _observed: deque[CallRecord | PluginFailure] = field(factory=deque, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self._registry.register(self._instruments)
        ProcessCollector(registry=self._registry)

    def serve(self, server: ServerInfo) -> None:
        """Tell from now on how a server is, too."""
        self._registry.register(ServerCollector(server))

    def observe(self, observed: CallRecord | PluginFailure) -> None:
        """Count something, now or before the page is read."""
        self._observed.append(observed)
        if self._lock.acquire(blocking=False):
            try:
                self._count()
            finally:
                self._lock.release()

    def answer(self, headers: Mapping[str, str]) -> Answer:
        """Return the page in the format that a reader likes best."""
        encode, content_type = choose_encoder(headers.get("accept", ""))
        with self._lock:
            self._count()
            return Answer(200, encode(self._registry), content_type)

    def _count(self) -> None:
        while self._observed:
            observed = self._observed.popleft()
            if isinstance(observed, CallRecord):
                self._instruments.count_call(observed)
            else:
                self._instruments.count_failure(observed)
