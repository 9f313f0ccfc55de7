"""Failed logins are slowed down by address, and what works goes on working."""

import gc
import time
import tracemalloc
from threading import Event, Thread

import pytest

from flightstream import Credentials, LimitExceeded, PluginError, Unauthenticated
from flightstream.config import LoginLimits
from flightstream.serving.logins import Logins

HERE, THERE = "ipv4:192.0.2.1:50000", "ipv4:192.0.2.2:50000"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def logins(clock, pauses):
    return Logins(LoginLimits(failures=3, within_seconds=30), clock, pauses.append)


def credentials(token, peer=HERE, **headers):
    return Credentials({"authorization": (f"Bearer {token}",), **headers}, peer)


def attempt(logins, given):
    """Return what a call ends with; only the token ``good`` is right."""
    try:
        with logins.judging(given):
            if given.headers.get("authorization") != ("Bearer good",):
                raise Unauthenticated("no")
    except (LimitExceeded, Unauthenticated) as exc:
        return exc.code
    return "ok"


def guess(logins, times, peer=HERE):
    return [attempt(logins, credentials(f"guess-{number}", peer)) for number in range(times)]


def test_guesses_are_refused_without_being_judged_once_there_were_too_many(logins):
    assert guess(logins, 5) == ["unauthenticated"] * 3 + ["limit_exceeded"] * 2
    assert guess(logins, 1, THERE) == ["unauthenticated"]


def test_the_refusal_says_when_to_try_again(logins, clock):
    guess(logins, 3)
    with pytest.raises(LimitExceeded) as caught, logins.judging(credentials("x")):
        pytest.fail("it is judged")

    assert caught.value.retry_after_seconds == 10.0
    clock.now += 10.0
    assert guess(logins, 2) == ["unauthenticated", "limit_exceeded"]
    clock.now += 1000.0
    assert guess(logins, 4) == ["unauthenticated"] * 3 + ["limit_exceeded"]


def test_a_refusal_is_held_for_a_moment_and_an_answer_is_not(logins, pauses):
    attempt(logins, credentials("good"))
    guess(logins, 3)
    attempt(logins, credentials("good"))
    assert pauses == []

    guess(logins, 2)
    assert pauses == [0.1, 0.1]


def test_only_a_few_refusals_are_held_at_once(clock):
    held, go_on = [], Event()

    def pause(seconds):
        held.append(seconds)
        go_on.wait(20)

    logins = Logins(LoginLimits(failures=1), clock, pause)
    guess(logins, 1)
    threads = [Thread(target=guess, args=(logins, 1)) for _ in range(40)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while sum(thread.is_alive() for thread in threads) > 16:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    go_on.set()
    for thread in threads:
        thread.join(20)

    assert len(held) == 16


def test_credentials_that_were_accepted_pass_beside_guesses(logins):
    assert attempt(logins, credentials("good")) == "ok"
    guess(logins, 10)

    assert attempt(logins, credentials("good")) == "ok"
    traced = {"traceparent": ("00-1",), "user-agent": ("another",)}
    assert attempt(logins, credentials("good", **traced)) == "ok"


def test_credentials_that_were_not_have_to_wait_beside_guesses(logins, clock):
    guess(logins, 3)
    assert attempt(logins, credentials("good")) == "limit_exceeded"

    clock.now += 10.0
    assert attempt(logins, credentials("good")) == "ok"


def test_what_was_accepted_is_forgotten_after_a_while_and_once_it_is_refused(logins, clock):
    attempt(logins, credentials("good"))
    guess(logins, 3)
    clock.now += 599.0
    guess(logins, 3)
    assert attempt(logins, credentials("good")) == "ok"
    clock.now += 601.0
    guess(logins, 3)
    assert attempt(logins, credentials("good")) == "limit_exceeded"

    logins.accept(credentials("revoked"))
    assert attempt(logins, credentials("revoked")) == "unauthenticated"
    assert attempt(logins, credentials("revoked")) == "limit_exceeded"


def test_what_was_accepted_stays_so_while_nothing_can_be_checked(logins):
    attempt(logins, credentials("good"))
    guess(logins, 3)
    with pytest.raises(Unauthenticated), logins.judging(credentials("good")):
        raise Unauthenticated("the credentials could not be checked") from PluginError("it failed")

    assert attempt(logins, credentials("good")) == "ok"


def test_calls_that_succeed_or_bring_nothing_are_not_counted(logins):
    nothing = Credentials({"user-agent": ("grpc-c++",), "x-forwarded-for": ("::1",)}, HERE)

    assert [attempt(logins, credentials("good", THERE, n=(str(n),))) for n in range(9)] == [
        "ok"
    ] * 9
    assert [attempt(logins, nothing) for _ in range(9)] == ["unauthenticated"] * 9
    assert guess(logins, 4) == ["unauthenticated"] * 3 + ["limit_exceeded"]


def test_no_limit_is_no_limit(clock):
    assert (
        guess(Logins(LoginLimits(failures=0), clock, pytest.fail), 100) == ["unauthenticated"] * 100
    )


def test_many_that_are_right_at_once_wait_for_one_another(logins):
    begun, go_on, outcomes = Event(), Event(), []

    def log_in(number):
        with logins.judging(credentials(f"right-{number}")):
            begun.set()
            go_on.wait(20)
        outcomes.append("ok")

    threads = [Thread(target=log_in, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    begun.wait(20)
    go_on.set()
    for thread in threads:
        thread.join(20)

    assert outcomes == ["ok"] * 12


def test_no_more_are_judged_at_once_than_may_fail(logins):
    judged, go_on, outcomes = [], Event(), []

    def guess_once(number):
        try:
            with logins.judging(credentials(number)):
                judged.append(number)
                go_on.wait(20)
                raise Unauthenticated("no")
        except (LimitExceeded, Unauthenticated) as exc:
            outcomes.append(exc.code)

    threads = [Thread(target=guess_once, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join(20)

    assert len(judged) == 3
    assert sorted(outcomes) == ["limit_exceeded"] * 9 + ["unauthenticated"] * 3


def test_memory_is_bounded_whoever_guesses_and_whatever_is_accepted(clock):
    logins = Logins(LoginLimits(), clock, pytest.fail)

    def call(number):
        peer = f"ipv4:10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:1"
        attempt(logins, credentials(f"{number:01000}", peer))
        logins.accept(credentials(f"{number}"))

    for number in range(12_000):
        call(number)
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(12_000, 30_000):
            call(number)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What was there before was not traced, so this is at most all that it may hold.
    assert after - before < 5 * 2**20


def test_nothing_that_it_holds_shows_credentials(logins):
    attempt(logins, credentials("good"))
    guess(logins, 2)

    held = f"{logins!r} {vars(logins) if hasattr(logins, '__dict__') else ''}"
    held += "".join(f"{getattr(logins, name)}" for name in ("_addresses", "_accepted"))
    assert "good" not in held
    assert "guess" not in held
