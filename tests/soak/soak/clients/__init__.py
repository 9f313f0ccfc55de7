"""The kinds of clients: what each does, again and again, until its round is over."""

from collections.abc import Callable, Mapping

from attrs import frozen

from soak.clients import faults, hostile, impatient, noise, reading, small
from soak.session import Session


@frozen
class Kind:
    """How clients of a kind behave.

    Args:
        step: What each thread does until the end; it may end early by ``Refused``.
        threads: How many there are.
        is_counted: Whether the server has to have counted the same calls and rows,
            for the clients await the end of all of them.
    """

    step: Callable[[Session], object]
    threads: int = 1
    is_counted: bool = True


KINDS: Mapping[str, Kind] = {
    "whole": Kind(reading.whole, threads=2),
    "selective": Kind(reading.selective, threads=2),
    "parallel": Kind(reading.parallel),
    "slow": Kind(reading.slow, threads=3),
    "library": Kind(reading.library, is_counted=False),
    "small": Kind(small.any_call, threads=2),
    "faults": Kind(faults.any_fault, threads=2),
    "impatient": Kind(impatient.leave, threads=2, is_counted=False),
    "hostile": Kind(hostile.any_attack, threads=2, is_counted=False),
    "noise": Kind(noise.any_noise, threads=2, is_counted=False),
    # Vanishes or freezes while it reads: crowd.py sees to that.
    "held": Kind(reading.held, is_counted=False),
}
