"""What a call leaves behind in memory."""

import gc
import tracemalloc
from collections.abc import Callable


def growth(call: Callable[[int], object], times: int) -> int:
    """Return how many bytes more Python holds after a number of calls.

    Args:
        call: Takes the number of the call, so that each can be another. It is
            called first as often again, for caches to fill.
        times: How often it is measured.
    """
    for number in range(times):
        call(number)
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(times, 2 * times):
            call(number)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before
