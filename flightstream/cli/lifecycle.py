"""From start to signal to exit."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from threading import Thread
from typing import Any, NoReturn, TypeVar

import structlog
from attrs import define

from flightstream.cli.heartbeat import answers
from flightstream.cli.service_manager import ServiceManager
from flightstream.cli.signals import Signals
from flightstream.errors import FlightStreamError
from flightstream.server import Server

log = structlog.get_logger(__name__)
T = TypeVar("T")

_START_TIMEOUT_SECONDS = 30.0


def run_until_signal(
    start: Callable[[], Server],
    greet: Callable[[Server], None],
    reloaded: Callable[[Server], None] = lambda _server: None,
) -> NoReturn:
    """Start a server, reload it at SIGHUP, at SIGTERM or SIGINT stop it and end the process.

    It is started, reloaded and stopped on other threads, so that a start that hangs
    can be ended too, and whoever waits for signs of life gets them meanwhile. A
    second signal to stop ends the process at once.

    Args:
        start: Returns the running server. What it raises is raised here.
        greet: Called once the server runs; it may take its time, or fail.
        reloaded: Called after each reload; it may take its time.
    """
    signals, manager = Signals.caught(), ServiceManager.of(os.environ)
    starting = _on_thread("start", start)
    either: list[Future[Any]] = [starting, signals.stopping]
    wait(either, return_when=FIRST_COMPLETED)
    if starting.done():
        running = _Running(starting.result(), manager)
        manager.ready(running.status())
        _on_thread("greet", lambda: running.greet(greet))
        _on_thread("reload", lambda: running.reload_whenever(signals, reloaded))
        running.wait_for(signals.stopping)
        log.info("signal_received", signal=signals.stopping.result().name)
    else:
        log.info("signal_received", signal=signals.stopping.result().name, while_starting=True)
        running = _Running(_unwanted(starting), manager)
    manager.stopping("waiting for calls under way")
    running.stop()
    _end(0)


@define(eq=False)
class _Running:
    """A server that runs, and the service manager that wants to know how it is."""

    _server: Server
    _manager: ServiceManager

    def status(self) -> str:
        """Return what people read."""
        info = self._server.info
        return f"serving {len(info.sources)} sources on {info.host}:{info.port}"

    def greet(self, greet: Callable[[Server], None]) -> None:
        """Greet; whoever started us may have closed our output, or the listing may fail."""
        try:
            greet(self._server)
        except Exception:
            if self._server.is_ready:
                log.warning("greeting_failed", exc_info=True)

    def reload_whenever(self, signals: Signals, reloaded: Callable[[Server], None]) -> None:
        """Reload at each signal; those that come meanwhile are one more reload."""
        while signals.reload.wait():
            signals.reload.clear()
            log.info("signal_received", signal="SIGHUP")
            self._manager.reloading()
            try:
                self._server.reload()
                self._manager.ready(self.status())
                reloaded(self._server)
            except FlightStreamError:  # it is in the log
                self._manager.ready(f"{self.status()}, the last reload was refused")
            except Exception as exc:
                log.error("unexpected_error", exc_info=exc)
                self._manager.ready(self.status())

    def wait_for(self, end: Future[Any]) -> None:
        """Wait; meanwhile tell that the server is alive, for as long as it is."""
        while not _is_done(end, self._manager.interval_seconds):
            assert self._manager.interval_seconds is not None
            if answers(self._server, self._manager.interval_seconds / 2):
                self._manager.alive()
            else:
                log.error("server_does_not_answer")

    def stop(self) -> None:
        """Stop the server; that takes its time, and comes to an end by itself."""
        stopping = _on_thread("stop", self._server.stop)
        while not _is_done(stopping, self._manager.interval_seconds):
            self._manager.alive()
        stopping.result()


def _is_done(future: Future[Any], timeout_seconds: float | None) -> bool:
    wait([future], timeout=timeout_seconds)
    return future.done()


def _on_thread(name: str, function: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = function()
        except BaseException as exc:
            future.set_exception(exc)
        else:
            future.set_result(result)

    Thread(target=run, daemon=True, name=name).start()
    return future


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
