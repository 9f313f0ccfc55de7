"""Waiting for a server on another thread.

A call into gRPC keeps the main thread from hearing a signal until it returns:
Ctrl-C would end nothing before the server answers. So what waits there runs
beside, and the main thread waits in Python.
"""

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

_HEARING_SECONDS = 0.5


def in_background(function: Callable[[], T]) -> T:
    """Call a function on another thread, a daemon, and return what it returns or raises."""
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(function())
        except BaseException as exc:
            answer.set_exception(exc)

    Thread(target=work, daemon=True, name="flightstream-call").start()
    # A signal that the system gives to another thread does not end a wait here.
    while not answer.done():
        wait([answer], _HEARING_SECONDS)
    return answer.result()
