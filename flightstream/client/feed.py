"""One DoGet, read on a thread of its own.

A call into Arrow cannot be given a time for each batch, and does not hear of
a signal or of another thread. So one thread is in it, a few batches ahead at
most, and whoever reads waits in Python.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Thread
from typing import Any

import pyarrow as pa
from attrs import define, field

from flightstream.client.halt import closed, wait_hearing

_AHEAD = 2


@define(eq=False, slots=False)
class Feed:
    """The chunks of a stream as they come; for one reader.

    Args:
        open: Makes the call and returns a function that returns one chunk after
            the other, then ``None``, and one that cancels the call.
    """

    open: Callable[[], tuple[Callable[[], Any], Callable[[], None]]]
    _chunks: "deque[Any]" = field(factory=deque, init=False)
    _changed: Condition = field(factory=Condition, init=False)
    _cancel: Callable[[], None] | None = field(default=None, init=False)
    _error: BaseException | None = field(default=None, init=False)
    _is_over: bool = field(default=False, init=False)

    def start(self) -> None:
        """Make the call."""
        Thread(target=self._run, daemon=True, name="flightstream-feed").start()

    def take(self, timeout_seconds: float) -> Any:
        """Return the next chunk, or ``None`` at the end.

        Raises:
            TimeoutError: There is none in time.
            Cancelled: The feed was ended.
        """
        with self._changed:
            if not wait_hearing(self._changed, self._has_news, timeout_seconds):
                raise TimeoutError
            if self._is_over:
                raise closed()
            if self._chunks:
                self._changed.notify_all()
                return self._chunks.popleft()
        assert self._error is not None
        raise self._error

    def set(self) -> None:
        """End it: the call is cancelled, and who waits is told."""
        with self._changed:
            self._is_over = True
            self._chunks.clear()
            cancel, self._cancel = self._cancel, None
            self._changed.notify_all()
        if cancel is not None:
            cancel()

    def _has_news(self) -> bool:
        return bool(self._chunks) or self._error is not None or self._is_over

    def _run(self) -> None:
        try:
            read, cancel = self.open()
            with self._changed:
                self._cancel = cancel
            while self._put(read()):
                pass
        except BaseException as exc:
            with self._changed:
                self._error = exc
                self._changed.notify_all()
            return
        if self._is_over:
            with suppress(pa.ArrowException, OSError):
                cancel()

    def _put(self, chunk: Any) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: len(self._chunks) < _AHEAD or self._is_over)
            if self._is_over:
                return False
            self._chunks.append(chunk)
            self._changed.notify_all()
            return chunk is not None
