"""Work on other threads, for no longer than it may take."""

import threading
from contextvars import ContextVar

import pytest

from flightstream.background import Errands, Overdue

LONG = 60.0
VARIABLE: ContextVar[str] = ContextVar("variable", default="nothing")


@pytest.fixture
def errands() -> Errands:
    return Errands()


def test_it_returns_what_the_work_returns_on_another_thread(errands):
    assert errands.run(lambda: (threading.get_ident(), 7), LONG)[1] == 7
    assert errands.run(threading.get_ident, LONG) != threading.get_ident()


def test_it_raises_what_the_work_raises(errands):
    def fail() -> None:
        raise TimeoutError("of the work")

    with pytest.raises(TimeoutError, match="of the work"):
        errands.run(fail, LONG)


def test_work_runs_in_the_context_of_who_wants_it(errands):
    token = VARIABLE.set("mine")
    try:
        assert errands.run(VARIABLE.get, LONG) == "mine"
    finally:
        VARIABLE.reset(token)


def test_one_thread_does_one_thing_after_another(errands):
    assert len({errands.run(threading.get_ident, LONG) for _ in range(20)}) == 1


def test_work_that_hangs_is_left_alone_and_others_go_on(errands):
    go_on, ended = threading.Event(), threading.Event()

    with pytest.raises(Overdue) as caught:
        errands.run(go_on.wait, 0.01)
    caught.value.then(ended.set)

    assert errands.run(lambda: 7, LONG) == 7
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(LONG)


def test_what_is_to_follow_work_that_has_ended_follows_at_once(errands):
    go_on, ended = threading.Event(), threading.Event()
    with pytest.raises(Overdue) as caught:
        errands.run(go_on.wait, 0.01)
    caught.value.then(ended.set)
    go_on.set()
    assert ended.wait(LONG)
    followed = []

    caught.value.then(lambda: followed.append("at once"))

    assert followed == ["at once"]


def test_threads_with_nothing_to_do_end(errands, monkeypatch):
    monkeypatch.setattr("flightstream.background._IDLE_SECONDS", 0.01)
    thread = errands.run(threading.current_thread, LONG)

    thread.join(LONG)

    assert not thread.is_alive()
    assert errands.run(lambda: 7, LONG) == 7


def test_many_at_once_each_have_a_thread(errands):
    together = threading.Barrier(20)
    futures = [errands.start(lambda: together.wait(LONG)) for _ in range(20)]

    assert sorted(future.result(LONG) for future in futures) == list(range(20))
