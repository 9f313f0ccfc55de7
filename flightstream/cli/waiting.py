"""Waiting for a server on another thread.

A call into gRPC keeps the main thread from hearing a signal until it returns:
Ctrl-C would end nothing before the server answers. So what waits there runs
beside, and the main thread waits in Python.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Any, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class _Failed:
    error: BaseException


_END = object()
_HEARING_SECONDS = 0.5


def in_background(function: Callable[[], T]) -> T:
    """Call a function on another thread and return what it returns or raises."""

    def once() -> Iterator[T]:
        yield function()

    return next(read_ahead(once()))


def read_ahead(items: Iterable[T], depth: int = 2) -> Iterator[T]:
    """Yield what another thread reads, which may be a few items ahead.

    A consumer that stops early leaves the thread waiting; it is a daemon.
    """
    answers: Queue[Any] = Queue(depth)

    def work() -> None:
        try:
            for item in items:
                answers.put(item)
        except BaseException as exc:
            answers.put(_Failed(exc))
        else:
            answers.put(_END)

    Thread(target=work, daemon=True, name="flightstream-read").start()
    while (answer := _next(answers)) is not _END:
        if isinstance(answer, _Failed):
            raise answer.error
        yield answer


def _next(answers: "Queue[Any]") -> Any:
    # A signal that the system gives to another thread does not end a wait here.
    while True:
        with suppress(Empty):
            return answers.get(timeout=_HEARING_SECONDS)
