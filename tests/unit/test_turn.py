"""Who moves a stream on, and what becomes of one that stands still."""

from typing import Any

import pytest

from flightstream import Unavailable
from flightstream.serving.turn import Turn


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("flightstream.serving.turn.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def turn(clock) -> Turn:
    return Turn()


def test_a_stream_that_moves_goes_on(turn, clock):
    for _ in range(10):
        turn.to_reader()
        clock[0] += 9
        assert turn.end_if_idle(10) is None
        turn.to_source()
        clock[0] += 9
        assert turn.end_if_idle(10) is None


def test_the_time_until_the_first_batch_is_not_counted(turn, clock):
    clock[0] += 1000
    assert turn.end_if_idle(10) is None


@pytest.mark.parametrize(
    ("pass_on", "reason"),
    [
        (Turn.to_reader, "the stream's reader has taken nothing for 10 seconds"),
        (Turn.to_source, "the stream's source has given nothing for 10 seconds"),
    ],
)
def test_who_stands_still_is_told(turn, clock, pass_on: Any, reason: str):
    pass_on(turn)
    clock[0] += 10

    error = turn.end_if_idle(10)

    assert error is not None
    assert error.message == reason
    assert turn.end_if_idle(10) is None  # it has ended
    for go_on in (turn.to_reader, turn.to_source, turn.check):
        with pytest.raises(Unavailable) as caught:
            go_on()
        assert caught.value.message == reason


def test_one_alone_closes_the_batches(turn):
    batches = turn.batches = (batch for batch in ())

    assert turn.release() is batches
    assert turn.release() is None
