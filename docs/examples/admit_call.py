"""At most so many streams at once, whoever asks."""

from threading import RLock

from attrs import field

from flightstream import Allowance, LimitExceeded, hookimpl, option, service


@service
class StreamSlotsService:
    """Refuses a stream while too many run, and lets no stream be too long."""

    slots: int = option(10, help="How many streams may run at once.", minimum=1)
    max_rows: int = option(1_000_000, help="How many rows one stream may have.", minimum=1)
    _running: set[str] = field(factory=set, init=False)
    _lock: RLock = field(factory=RLock, init=False)

    @hookimpl
    def admit_call(self, call):
        if call.method != "DoGet":
            return None
        with self._lock:
            if len(self._running) >= self.slots:
                raise LimitExceeded(
                    f"{self.slots} of {self.slots} slots for streams are taken: try again later",
                    retry_after_seconds=1.0,
                )
            self._running.add(call.call)
        return Allowance(rows=self.max_rows)

    @hookimpl
    def on_call_finished(self, record):
        with self._lock:
            self._running.discard(record.call)
