"""From start to signal to exit."""

import os
import signal
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


@frozen
class _Started:
    server: Server


@frozen
class _Failed:
    error: BaseException


# A SimpleQueue may be filled from a signal handler; an Event may not: its lock
# can be held by the very thread that the handler interrupts.
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
    received: list[int] = []

    def handle(signum: int, _frame: Any) -> None:
        if received:
            os._exit(128 + signum)
        received.append(signum)
        events.put(signal.Signals(signum))

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, handle)


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
