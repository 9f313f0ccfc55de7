"""Streams that nobody moves on are ended by a thread of the server."""

from threading import Event
from typing import Any

import pytest
from attrs import define, field

from flightstream import Credentials
from flightstream.registry import Registry, Services
from flightstream.serving import Setup
from flightstream.serving.calls import Calls
from flightstream.serving.watch import Watch

LONG = 20.0


@define(eq=False)
class Stream:
    """Tells what was done to it.

    Args:
        is_begun: Whether it was ever iterated.
    """

    is_begun: bool = False
    looked_at: Event = field(factory=Event)
    abandoned: Event = field(factory=Event)

    def end_if_idle(self) -> None:
        self.looked_at.set()

    def abandon(self) -> None:
        self.abandoned.set()


@pytest.fixture
def calls() -> Calls:
    return Calls(Setup(Registry(Services.of([]), ()), "1", 2**20, 2**24, 60.0))


@pytest.fixture
def watch(calls) -> Any:
    watch = Watch(calls)
    watch.start()
    yield watch
    watch.stop()


def test_streams_are_looked_at_however_many_others_are_abandoned(calls, watch):
    call = calls.open("DoGet", Credentials())
    call.stream = stream = Stream()

    while not stream.looked_at.is_set():
        watch.abandon(Stream())

    assert stream.looked_at.wait(LONG)


def test_one_that_was_abandoned_before_it_began_is_ended(watch):
    stream = Stream()

    watch.abandon(stream)

    assert stream.abandoned.wait(LONG)


def test_one_that_has_begun_ends_itself(watch):
    begun, other = Stream(is_begun=True), Stream()

    watch.abandon(begun)
    watch.abandon(other)

    assert other.abandoned.wait(LONG)
    assert not begun.abandoned.is_set()
