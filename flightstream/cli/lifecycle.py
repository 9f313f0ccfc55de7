"""From start to signal to exit."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NoReturn, TypeAlias

import structlog
from attrs import frozen

from flightstream.server import Server

log = structlog.get_logger(__name__)

_START_TIMEOUT_SECONDS = 30.0
_STOPPING = (signal.SIGTERM, signal.SIGINT)


@frozen
class _Started:
    server: Server


@frozen
class _Failed:
    error: BaseException


_Events: TypeAlias = "SimpleQueue[_Started | _Failed | signal.Signals]"


def run_until_signal(start: Callable[[], Server], greet: Callable[[Server], None]) -> NoReturn:
    """Start a server, wait for SIGTERM or SIGINT, stop it and end the process.

    The server is started on another thread, so that a start that hangs can be
    ended too. A second signal ends the process at once.

    Args:
        start: Returns the running server. What it raises is raised here.
        greet: Called once the server runs; it may take its time, or fail.
    """
    events: _Events = SimpleQueue()
    _catch_signals(events)
    Thread(target=_start, args=(start, greet, events), daemon=True, name="start").start()
    event = events.get()
    if isinstance(event, signal.Signals):
        log.info("signal_received", signal=event.name, while_starting=True)
        event = _outcome(events)
    elif isinstance(event, _Started):
        received = events.get()
        assert isinstance(received, signal.Signals)  # the start has had its say
        log.info("signal_received", signal=received.name)
    if isinstance(event, _Failed):
        raise event.error
    assert isinstance(event, _Started)
    event.server.stop()
    _end(0)


def _catch_signals(events: _Events) -> None:
    """Have a thread of its own hear signals.

    Python runs handlers on the main thread, and only once that is out of
    whatever it waits in. A signal that came just before it began to wait, or
    that the system gave to another thread, would not wake it up.
    """
    receiving, sending = socket.socketpair()
    sending.setblocking(False)
    signal.set_wakeup_fd(sending.fileno())
    for signum in _STOPPING:
        signal.signal(signum, _ignore)
    Thread(target=_listen, args=(receiving, sending, events), daemon=True, name="signals").start()


def _ignore(_signum: int, _frame: Any) -> None:
    """Stand in as a handler; without one a signal would not be written to the socket."""


def _listen(receiving: socket.socket, _sending: socket.socket, events: _Events) -> None:
    stopping = False
    while number := receiving.recv(1):
        if number[0] not in _STOPPING:
            continue
        if stopping:
            os._exit(128 + number[0])
        stopping = True
        events.put(signal.Signals(number[0]))


def _start(start: Callable[[], Server], greet: Callable[[Server], None], events: _Events) -> None:
    try:
        server = start()
    except BaseException as exc:
        events.put(_Failed(exc))
        return
    events.put(_Started(server))
    try:
        greet(server)
    except Exception:
        # Whoever started us has closed our output, or the listing failed: it serves on.
        if server.is_running:
            log.warning("greeting_failed", exc_info=True)


def _outcome(events: _Events) -> _Started | _Failed:
    """Wait for the end of a start that nobody wants any more."""
    try:
        outcome = events.get(timeout=_START_TIMEOUT_SECONDS)
    except Empty:
        log.error("start_abandoned", seconds=_START_TIMEOUT_SECONDS)
        _end(1)
    assert not isinstance(outcome, signal.Signals)  # the second signal ends the process
    return outcome


def _end(code: int) -> NoReturn:
    """End the process, whatever threads there are: one may serve a client that never reads on."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
