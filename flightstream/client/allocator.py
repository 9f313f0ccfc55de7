"""glibc's malloc, set so that it does not give back what the next batch needs again.

With its defaults, every received batch of a few megabytes is mapped from the
system and unmapped again. Two thresholds together make DoGet about 1.8 times
faster; each alone makes it slower (measured with pyarrow 26). What one thread has
freed, another can use only in an arena that both share: with one for each thread,
as is the default, eight streams at the same time hold up to twice the memory.
"""

import ctypes
import os
import platform
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_SETTINGS = {_M_MMAP_THRESHOLD: 32 * 2**20, _M_TRIM_THRESHOLD: 256 * 2**20, _M_ARENA_MAX: 4}
VARIABLE = "FLIGHTSTREAM_TUNE_ALLOCATOR"


@cache
def tune_allocator() -> bool:
    """Tune it, once for the process.

    Returns:
        Whether it is tuned: not on other C libraries than glibc, nor where
        the environment has ``FLIGHTSTREAM_TUNE_ALLOCATOR=0``.
    """
    if os.environ.get(VARIABLE, "1") == "0" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(setting, value) for setting, value in _SETTINGS.items())
