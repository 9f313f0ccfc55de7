"""The token bucket gives what a plain one of fractions would."""

from fractions import Fraction

import pytest
from flightstream_quotas.bucket import SECOND, TokenBucket
from hypothesis import given
from hypothesis import strategies as st

RATES = st.integers(1, 100) | st.integers(1, 1_000_000)
# Some of about the time that a token takes to come back, and some of minutes.
GAPS = st.lists(st.integers(0, 2 * SECOND) | st.integers(0, 200 * SECOND), max_size=60)


class PlainBucket:
    """Counts tokens as anybody would: so many, no more than fit, one less for each call."""

    def __init__(self, per_minute: int) -> None:
        self.most = per_minute
        self.part = 60 * SECOND // per_minute
        self.tokens = Fraction(per_minute)
        self.at = 0

    def take(self, now: int) -> Fraction:
        self.tokens = min(Fraction(self.most), self.tokens + Fraction(now - self.at, self.part))
        self.at = now
        if self.tokens < 1:
            return (1 - self.tokens) * self.part
        self.tokens -= 1
        return Fraction(0)


@given(RATES, st.integers(0, 10**18), GAPS)
def test_it_gives_and_refuses_as_a_plain_bucket_does(per_minute, now, gaps):
    bucket, plain = TokenBucket(), PlainBucket(per_minute)
    for gap in gaps:
        now += gap
        assert bucket.take(per_minute, now) == plain.take(now)


@given(RATES, GAPS)
def test_after_the_wait_that_it_tells_there_is_a_token(per_minute, gaps):
    bucket, now = TokenBucket(), 0
    for gap in gaps:
        now += gap
        wait = bucket.take(per_minute, now)
        if wait:
            assert 0 < wait <= 60 * SECOND // per_minute
            now += wait
            assert bucket.take(per_minute, now) == 0


@given(st.integers(1, 50), st.lists(st.integers(0, 5 * SECOND), min_size=1, max_size=200))
def test_no_minute_has_more_than_a_full_bucket_and_what_came_back(per_minute, gaps):
    bucket, now, given_at = TokenBucket(), 0, []
    for gap in gaps:
        now += gap
        if not bucket.take(per_minute, now):
            given_at.append(now)

    for start in given_at:
        assert sum(start <= one < start + 60 * SECOND for one in given_at) <= 2 * per_minute


@pytest.mark.parametrize("per_minute", [1, 7, 600, 1_000_000])
def test_a_minutes_calls_may_be_made_at_once(per_minute):
    bucket = TokenBucket()

    waits = [bucket.take(per_minute, 5) for _ in range(min(per_minute, 10_000))]
    assert set(waits) == {0}
    if per_minute <= 10_000:
        assert bucket.take(per_minute, 5) == 60 * SECOND // per_minute


def test_a_limit_that_changes_counts_at_once():
    bucket = TokenBucket()
    while not bucket.take(600, 0):
        pass

    assert bucket.take(60, 0) > 0
    assert bucket.take(1_000, 60 * SECOND) == 0
