"""Work of plugins: on one thread for each core, in turn by stream, and what waits elsewhere."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextvars import Context

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightstream import Unavailable, Workers
from flightstream.cores import Cores
from flightstream.workers import begin_stream

LONG = 20.0


@pytest.fixture
def one_core() -> Iterator[None]:
    number = pa.cpu_count()
    pa.set_cpu_count(1)
    yield
    pa.set_cpu_count(number)


@pytest.fixture
def go_on() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def order_of_work(pieces: list[str]) -> list[str]:
    """Return in which order one thread does pieces that have all been brought."""
    cores, began, go_on = Cores(), threading.Event(), threading.Event()
    done: list[str] = []
    cores.start("first", lambda: (began.set(), go_on.wait(LONG)))
    assert began.wait(LONG)
    futures = [cores.start(whose, lambda whose=whose: done.append(whose)) for whose in pieces]
    go_on.set()
    assert not wait(futures, LONG).not_done
    return done


def test_streams_take_turns_however_much_each_has_brought(one_core):
    assert order_of_work(["a", "a", "a", "a", "b", "c", "b"]) == list("abcabaa")


@given(pieces=st.lists(st.sampled_from("abcd"), max_size=12))
def test_nobody_waits_for_more_than_a_piece_of_each_other(pieces):
    number = pa.cpu_count()
    pa.set_cpu_count(1)
    try:
        done = order_of_work(pieces)
    finally:
        pa.set_cpu_count(number)

    assert sorted(done) == sorted(pieces)
    left = {whose: pieces.count(whose) for whose in pieces}
    while left:
        turn, done = done[: len(left)], done[len(left) :]
        assert sorted(turn) == sorted(left)
        left = {whose: number - 1 for whose, number in left.items() if number > 1}


def test_there_is_a_thread_for_each_core_and_no_more(go_on):
    cores = Cores()
    together = threading.Barrier(pa.cpu_count() + 1)

    def meet() -> threading.Thread:
        together.wait(LONG)
        return threading.current_thread()

    futures = [cores.start(number, meet) for number in range(pa.cpu_count())]
    together.wait(LONG)
    threads = {future.result(LONG) for future in futures}
    again = {cores.start(0, threading.current_thread).result(LONG) for _ in range(50)}

    assert len(threads) == pa.cpu_count()
    assert again <= threads
    assert all(thread.daemon for thread in threads)


def test_what_work_raises_is_raised_to_who_asks_and_the_thread_goes_on():
    workers = Workers()

    with pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 // 0).result(LONG)
    with pytest.raises(ZeroDivisionError):
        workers.fetch(lambda: 1 // 0).result(LONG)

    assert workers.submit(lambda: 7).result(LONG) == 7


def test_what_was_cancelled_before_its_turn_is_not_done(one_core):
    cores, began, go_on = Cores(), threading.Event(), threading.Event()
    done: list[str] = []
    cores.start("a", lambda: (began.set(), go_on.wait(LONG)))
    assert began.wait(LONG)
    unwanted = cores.start("a", lambda: done.append("unwanted"))
    wanted = cores.start("a", lambda: done.append("wanted"))

    assert unwanted.cancel()
    go_on.set()

    wanted.result(LONG)
    assert done == ["wanted"]


def test_streams_of_one_plugin_take_turns_too(one_core):
    workers, began, go_on = Workers(), threading.Event(), threading.Event()
    done: list[str] = []
    workers.submit(lambda: (began.set(), go_on.wait(LONG)))
    assert began.wait(LONG)
    futures: list[Future[None]] = []
    for name, pieces in {"long": 3, "short": 1}.items():
        context = Context()
        context.run(begin_stream)
        for _ in range(pieces):
            futures.append(context.run(workers.submit, done.append, name))
    go_on.set()

    assert not wait(futures, LONG).not_done
    assert done == ["long", "short", "long", "long"]


def test_what_waits_keeps_nobody_from_computing(go_on):
    hung = Workers()
    fetched = [hung.fetch(go_on.wait, LONG) for _ in range(2 * pa.cpu_count())]

    assert Workers().submit(lambda: 7).result(LONG) == 7
    assert not any(future.done() for future in fetched)


def test_close_waits_for_what_was_begun_and_refuses_more(go_on):
    workers = Workers()
    begun = [workers.submit(go_on.wait, LONG), workers.fetch(go_on.wait, LONG)]
    closing = threading.Thread(target=workers.close)
    closing.start()
    try:
        while True:
            try:
                begun.append(workers.submit(int))
            except Unavailable:
                break
        assert closing.is_alive()
    finally:
        go_on.set()
        closing.join(LONG)

    assert not closing.is_alive()
    assert all(future.done() for future in begun)
    workers.open()
    assert workers.submit(lambda: 7).result(LONG) == 7
