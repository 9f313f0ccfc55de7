"""Signals, heard by a thread of their own."""

import os
import signal
import socket
from concurrent.futures import Future
from threading import Event, Thread
from typing import Any

from attrs import define, field

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_RELOADING = getattr(signal, "SIGHUP", None)  # Windows has none


@define(eq=False)
class Signals:
    """What the process is told by signals.

    Args:
        stopping: Will be the first signal to stop; a second ends the process at once.
        reload: Set whenever a reload is wanted; who reloads clears it first.
    """

    stopping: Future[signal.Signals] = field(factory=Future, init=False)
    reload: Event = field(factory=Event, init=False)
    _has_terminal: bool = field(init=False)

    @_has_terminal.default
    def _look_for_terminal(self) -> bool:
        # Under nohup, the end of the terminal means nothing.
        is_ignored = _RELOADING is not None and signal.getsignal(_RELOADING) is signal.SIG_IGN
        return not is_ignored and _is_at_terminal()

    @classmethod
    def caught(cls) -> "Signals":
        """Begin to hear them, on the main thread.

        Python runs handlers on the main thread, and only once that is out of
        whatever it waits in. A signal that came just before it began to wait, or
        that the system gave to another thread, would not wake it up.
        """
        signals = cls()
        receiving, sending = socket.socketpair()
        sending.setblocking(False)
        signal.set_wakeup_fd(sending.fileno())
        for signum in (*_STOPPING, *([] if _RELOADING is None else [_RELOADING])):
            signal.signal(signum, _ignore)
        arguments = (receiving, sending)
        Thread(target=signals._listen, args=arguments, daemon=True, name="signals").start()
        return signals

    def _listen(
        self,
        receiving: socket.socket,
        _sending: socket.socket,  # closed once nobody holds it
    ) -> None:
        while number := receiving.recv(1):
            signum = signal.Signals(number[0])
            # A terminal that closes sends the same signal as whoever wants a reload.
            is_hangup = signum == _RELOADING and self._has_terminal and not _is_at_terminal()
            if signum == _RELOADING and not is_hangup:
                self.reload.set()
            elif is_hangup or signum in _STOPPING:
                if self.stopping.done():
                    os._exit(128 + signum)
                self.stopping.set_result(signum)


def _ignore(_signum: int, _frame: Any) -> None:
    """Stand in as a handler; without one a signal would not be written to the socket."""


def _is_at_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
