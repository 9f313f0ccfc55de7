"""What is remembered of subjects: enough, for as long as it counts, and no more."""

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flightstream_quotas.bucket import SECOND
from flightstream_quotas.limits import Limits
from flightstream_quotas.usage import Usage

from flightstream import Identity, LimitExceeded, StartedCall

THREADS = 16


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def usage(clock: Clock) -> Usage:
    return Usage(clock)


def admit(usage: Usage, subject: str, call: str, limits: Limits, method: str = "DoGet") -> None:
    usage.admit(
        (subject, ""), StartedCall(call=call, method=method, identity=Identity(subject)), limits
    )


def refused(call: Callable[[], None]) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as caught:
        call()
    return caught.value


def test_a_scan_makes_room_when_it_ends_and_only_then(usage):
    two = Limits(concurrent_scans=2)
    admit(usage, "ada", "a", two)
    admit(usage, "ada", "b", two)
    error = refused(lambda: admit(usage, "ada", "c", two))
    assert error.message == "your limit of concurrent scans is 2: try again when one has ended"
    assert error.retry_after_seconds == 1.0

    usage.finish("c")  # it was refused
    usage.finish("nobody's")
    assert refused(lambda: admit(usage, "ada", "d", two))

    usage.finish("a")
    usage.finish("a")
    admit(usage, "ada", "e", two)
    assert refused(lambda: admit(usage, "ada", "f", two))


def test_what_is_no_scan_takes_no_room(usage):
    for number in range(5):
        admit(usage, "ada", str(number), Limits(concurrent_scans=1), "GetFlightInfo")
    admit(usage, "ada", "scan", Limits(concurrent_scans=1))


def test_calls_come_back_with_time(usage, clock):
    sixty = Limits(calls_per_minute=60)
    for number in range(60):
        admit(usage, "ada", str(number), sixty, "ListFlights")

    error = refused(lambda: admit(usage, "ada", "more", sixty, "ListFlights"))
    assert error.message == "your limit of calls a minute is 60: try again in 1 seconds"
    assert error.retry_after_seconds == 1.0
    admit(usage, "bob", "his own", sixty, "ListFlights")
    clock.now += SECOND
    admit(usage, "ada", "one", sixty, "ListFlights")
    assert refused(lambda: admit(usage, "ada", "two", sixty, "ListFlights"))


def test_the_hint_is_never_too_short(usage, clock):
    for per_minute in (7, 59, 90, 599, 1201):
        limits, subject = Limits(calls_per_minute=per_minute), f"of {per_minute}"
        for number in range(per_minute):
            admit(usage, subject, str(number), limits)
        clock.now += 12_345_678
        hint = refused(lambda s=subject, n=limits: admit(usage, s, "x", n)).retry_after_seconds
        clock.now += round(hint * SECOND)
        admit(usage, subject, "again", limits)


def test_a_refused_call_costs_one_where_another_limit_refused_it(usage):
    limits = Limits(concurrent_scans=1, calls_per_minute=3)
    admit(usage, "ada", "a", limits)
    for _ in range(2):
        assert "concurrent scans" in refused(lambda: admit(usage, "ada", "b", limits)).message
    assert "calls a minute" in refused(lambda: admit(usage, "ada", "b", limits)).message


def test_sixteen_threads_get_no_more_than_there_is(usage):
    limits, barrier = Limits(concurrent_scans=5), Barrier(THREADS)

    def begin(thread: int) -> bool:
        barrier.wait()
        try:
            admit(usage, "ada", str(thread), limits)
        except LimitExceeded:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(50):
            admitted = list(pool.map(begin, range(THREADS)))
            assert sum(admitted) == 5
            list(pool.map(lambda number: usage.finish(str(number)), range(THREADS)))


def test_many_subjects_take_bounded_memory(usage):
    limits = Limits(calls_per_minute=10, concurrent_scans=2)

    def come_and_go(numbers: range) -> None:
        for number in numbers:
            admit(usage, f"subject {number}", str(number), limits)
            usage.finish(str(number))

    come_and_go(range(10_000))
    tracemalloc.start()
    try:
        come_and_go(range(10_000, 20_000))
        before, _ = tracemalloc.get_traced_memory()
        come_and_go(range(20_000, 50_000))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 500_000


def test_whoever_runs_a_scan_is_not_forgotten(usage):
    one = Limits(concurrent_scans=1)
    admit(usage, "ada", "long", one)

    for number in range(20_000):
        admit(usage, f"subject {number}", str(number), one)
        usage.finish(str(number))

    assert refused(lambda: admit(usage, "ada", "second", one))
    usage.finish("long")
    admit(usage, "ada", "third", one)


def test_as_many_as_run_a_scan_at_once_are_remembered(usage):
    one = Limits(concurrent_scans=1)
    for number in range(15_000):
        admit(usage, f"subject {number}", str(number), one)

    assert refused(lambda: admit(usage, "subject 0", "again", one))
    for number in range(15_000):
        usage.finish(str(number))
    admit(usage, "subject 0", "again", one)
