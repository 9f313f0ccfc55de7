"""What nobody moves on is ended: streams that stand still, and those that were never begun."""

import time
from contextlib import suppress
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
        if not scan.is_begun:  # one that is ends itself
            self._abandoned.put(scan)

    def _look(self) -> None:
        due = time.monotonic()
        while True:
            if (left := due - time.monotonic()) <= 0:
                for call in self._calls.under_way():
                    if call.stream is not None:
                        call.stream.end_if_idle()
                due = time.monotonic() + _LOOK_SECONDS
                continue
            with suppress(Empty):
                scan = self._abandoned.get(timeout=left)
                if scan is None:
                    return
                scan.abandon()
