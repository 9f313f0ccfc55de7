"""What nobody moves on is ended: streams that stand still, and those that were never begun."""

from queue import Empty, SimpleQueue
from threading import Thread

from attrs import define, field

from flightstream.serving.calls import Calls
from flightstream.serving.scan import Scan

_LOOK_SECONDS = 0.5


@define(eq=False)
class Watch:
    """A thread that looks at the streams of a server now and then.

    Args:
        calls: Those under way.
    """

    _calls: Calls
    _abandoned: "SimpleQueue[Scan | None]" = field(factory=SimpleQueue, init=False)
    _thread: Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin to look."""
        self._thread = Thread(target=self._look, daemon=True, name="flightstream-watch")
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._abandoned.put(None)

    def abandon(self, scan: Scan) -> None:
        """End a stream that the transport has dropped, perhaps before it was begun.

        Safe in a finalizer, which may run in the midst of anything.
        """
        self._abandoned.put(scan)

    def _look(self) -> None:
        while True:
            try:
                scan = self._abandoned.get(timeout=_LOOK_SECONDS)
            except Empty:
                for call in self._calls.under_way():
                    if call.stream is not None:
                        call.stream.end_if_idle()
            else:
                if scan is None:
                    return
                scan.abandon()
