"""Whose stream is next, and with how much memory."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream import Cancelled, Unavailable
from flightstream.config import Limits
from flightstream.plugin import ByteSize
from flightstream.serving.admission import Admission, Place

LONG = 60.0
MIB = 2**20


def limits(places: int = 3, mib: int = 64, wait: float = LONG) -> Limits:
    return Limits(
        max_concurrent_scans=places,
        max_buffered_bytes=ByteSize(mib * MIB),
        queue_timeout_seconds=wait,
    )


def enter(admission: Admission, owner: str = "ann", gone: Any = lambda: False) -> Place:
    return admission.enter(owner, gone)


@pytest.fixture
def background():
    with ThreadPoolExecutor(32) as pool:
        yield pool


def queued(admission: Admission, pool: Any, until: Any, *owners: str) -> list[Future[Place]]:
    """Let streams wait, one after another."""
    waiting = []
    for owner in owners:
        before = admission.waiting
        waiting.append(pool.submit(enter, admission, owner))
        until(lambda before=before: admission.waiting == before + 1)
    return waiting


def test_no_more_run_than_may(background, until):
    admission = Admission(limits(places=3))
    places = [enter(admission) for _ in range(3)]

    [waiting] = queued(admission, background, until, "ann")
    assert not waiting.done()
    places[1].leave()

    assert waiting.result(LONG).owner == "ann"
    assert admission.waiting == 0


def test_a_place_is_given_back_once(background, until):
    admission = Admission(limits(places=2))
    first, _second = enter(admission), enter(admission)
    first.leave()
    first.leave()
    third = enter(admission)

    [waiting] = queued(admission, background, until, "ann")
    third.leave()
    assert waiting.result(LONG)


def test_who_waits_for_too_long_is_told_to_come_again():
    admission = Admission(limits(places=1, wait=0.02))
    enter(admission)

    with pytest.raises(Unavailable, match=r"no room for another stream for 0\.02 sec") as caught:
        enter(admission)

    assert caught.value.retry_after_seconds == 1.0
    assert admission.waiting == 0


def test_nobody_has_to_wait_where_there_is_room():
    assert enter(Admission(limits(places=1, wait=0)))


def test_a_client_that_goes_while_it_waits_leaves_the_queue(background, until):
    admission = Admission(limits(places=1))
    place = enter(admission)
    gone = threading.Event()
    leaving = background.submit(enter, admission, "ann", gone.is_set)
    until(lambda: admission.waiting == 1)
    [staying] = queued(admission, background, until, "bob")

    gone.set()
    with pytest.raises(Cancelled, match="the client has gone"):
        leaving.result(LONG)
    place.leave()

    assert staying.result(LONG).owner == "bob"


def test_who_has_fewer_comes_first_whoever_asked_before(background, until):
    admission = Admission(limits(places=3))
    places = [enter(admission) for _ in range(3)]
    ann, ann_too, bob = queued(admission, background, until, "ann", "ann", "bob")

    places[0].leave()
    assert bob.result(LONG).owner == "bob"
    assert (ann.done(), ann_too.done()) == (False, False)
    places[1].leave()
    assert ann.result(LONG)
    assert not ann_too.done()
    places[2].leave()
    assert ann_too.result(LONG)


def test_nobody_takes_the_last_tenth_of_the_places(background, until):
    admission = Admission(limits(places=20, mib=1024))
    for _ in range(18):
        enter(admission, "ann")
    [ann] = queued(admission, background, until, "ann")

    bob, _eve = enter(admission, "bob"), enter(admission, "eve")
    assert not ann.done()
    bob.leave()
    assert not ann.done()

    admission.resize(limits(places=21, mib=1024))
    admission.resize(limits(places=25, mib=1024))
    assert ann.result(LONG)


def test_few_read_further_ahead_than_many():
    admission = Admission(limits(places=8, mib=128))
    shares = [enter(admission, str(number)).share_bytes for number in range(8)]

    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 24 * MIB  # a sixteenth of half of it, and a quarter of the other half
    assert shares[-1] >= 8 * MIB


@given(
    places=st.integers(1, 40),
    mib=st.integers(16, 4096),
    steps=st.lists(st.integers(0, 60), max_size=80),
)
def test_all_together_never_have_more_than_there_is(places, mib, steps):
    admission = Admission(limits(places, mib, wait=0))
    running: list[Place] = []
    for step in steps:
        if running and step % 3 == 0:
            running.pop(step % len(running)).leave()
        elif len(running) < places:
            running.append(enter(admission, str(step)))
        assert sum(place.share_bytes for place in running) <= mib * MIB
        assert all(place.share_bytes >= min(64, mib / (2 * places)) * MIB - 1 for place in running)


def test_a_batch_that_is_too_large_keeps_others_waiting_until_it_is_sent(background, until):
    admission = Admission(limits(places=4, mib=64))
    place = enter(admission)

    place.hold(100 * MIB)
    [waiting] = queued(admission, background, until, "bob")
    assert not waiting.done()
    place.hold(0)

    assert waiting.result(LONG)


def test_a_batch_that_is_too_large_is_no_hindrance_once_its_stream_has_ended(background, until):
    admission = Admission(limits(places=4, mib=64))
    place = enter(admission)
    place.hold(100 * MIB)
    [waiting] = queued(admission, background, until, "bob")

    place.leave()
    place.hold(100 * MIB)

    assert waiting.result(LONG)


def test_fewer_places_take_none_from_who_has_one(background, until):
    admission = Admission(limits(places=2))
    first, second = enter(admission), enter(admission)
    admission.resize(limits(places=1))
    [waiting] = queued(admission, background, until, "ann")

    first.leave()
    assert not waiting.done()
    second.leave()
    assert waiting.result(LONG)
