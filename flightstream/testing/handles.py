"""What this process holds open: files, sockets and threads."""

import gc
import os
import threading
import time
from collections import Counter
from collections.abc import Callable

from flightstream.background import Errands
from flightstream.cores import Cores

PATIENCE_SECONDS = 1.0
# Threads that wait for more to do, from whatever plugin.
_SHARED = (Errands.NAME, Cores.NAME)


def held() -> Counter[str]:
    """Return what is open now, each with how many times; only threads without ``/proc``."""
    names = [thread.name for thread in threading.enumerate()]
    found = Counter(f"thread {name}" for name in names if name not in _SHARED)
    try:
        numbers = os.listdir("/proc/self/fd")
    except FileNotFoundError:
        return found
    for number in numbers:
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:  # the one that listed
            continue
        if not target.startswith("/proc/"):
            found[f"file {target}"] += 1
    return found


def held_at_first() -> Counter[str]:
    """Return what is open now, without what nobody can reach any more.

    Of that, Python closes some at any moment, and a leak of the same name would not count.
    """
    gc.collect()
    return held()


def still_held(before: Counter[str], seconds: float = PATIENCE_SECONDS) -> list[str]:
    """Return what is open that was not, once that is nothing or the time is over."""
    deadline = time.monotonic() + seconds
    while (more := held() - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    return sorted(more)


def becomes(condition: Callable[[], bool], seconds: float) -> bool:
    """Tell whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
