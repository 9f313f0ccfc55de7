"""From start to signal to exit."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from threading import Thread
from typing import Any, NoReturn

import structlog

from flightstream.server import Server

log = structlog.get_logger(__name__)

_START_TIMEOUT_SECONDS = 30.0
_STOPPING = (signal.SIGTERM, signal.SIGINT)


def run_until_signal(start: Callable[[], Server], greet: Callable[[Server], None]) -> NoReturn:
    """Start a server, wait for SIGTERM or SIGINT, stop it and end the process.

    The server is started on another thread, so that a start that hangs can be
    ended too. A second signal ends the process at once.

    Args:
        start: Returns the running server. What it raises is raised here.
        greet: Called once the server runs; it may take its time, or fail.
    """
    stopping = _catch_signals()
    starting: Future[Server] = Future()
    Thread(target=_start, args=(start, greet, starting), daemon=True, name="start").start()
    either: list[Future[Any]] = [starting, stopping]
    wait(either, return_when=FIRST_COMPLETED)
    if starting.done():
        server = starting.result()
        log.info("signal_received", signal=stopping.result().name)
    else:
        log.info("signal_received", signal=stopping.result().name, while_starting=True)
        server = _unwanted(starting)
    server.stop()
    _end(0)


def _catch_signals() -> Future[signal.Signals]:
    """Have a thread of its own hear signals, and return what will be the first.

    Python runs handlers on the main thread, and only once that is out of
    whatever it waits in. A signal that came just before it began to wait, or
    that the system gave to another thread, would not wake it up.
    """
    stopping: Future[signal.Signals] = Future()
    receiving, sending = socket.socketpair()
    sending.setblocking(False)
    signal.set_wakeup_fd(sending.fileno())
    for signum in _STOPPING:
        signal.signal(signum, _ignore)
    Thread(target=_listen, args=(receiving, sending, stopping), daemon=True, name="signals").start()
    return stopping


def _ignore(_signum: int, _frame: Any) -> None:
    """Stand in as a handler; without one a signal would not be written to the socket."""


def _listen(
    receiving: socket.socket,
    _sending: socket.socket,  # closed once nobody holds it
    stopping: Future[signal.Signals],
) -> None:
    while number := receiving.recv(1):
        if number[0] not in _STOPPING:
            continue
        if stopping.done():
            os._exit(128 + number[0])
        stopping.set_result(signal.Signals(number[0]))


def _start(
    start: Callable[[], Server], greet: Callable[[Server], None], starting: Future[Server]
) -> None:
    try:
        server = start()
    except BaseException as exc:
        starting.set_exception(exc)
        return
    starting.set_result(server)
    try:
        greet(server)
    except Exception:
        # Whoever started us has closed our output, or the listing failed: it serves on.
        if server.is_running:
            log.warning("greeting_failed", exc_info=True)


def _unwanted(starting: Future[Server]) -> Server:
    """Wait for the end of a start that nobody wants any more."""
    wait([starting], timeout=_START_TIMEOUT_SECONDS)
    if not starting.done():
        log.error("start_abandoned", seconds=_START_TIMEOUT_SECONDS)
        _end(1)
    return starting.result()


def _end(code: int) -> NoReturn:
    """End the process, whatever threads there are: one may serve a client that never reads on."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
