"""What may hang is waited for no longer than it may take."""

from collections.abc import Callable
from threading import Thread
from typing import Any


def within(seconds: float, function: Callable[[], Any]) -> bool:
    """Run something that may hang; tell whether it ended in time. If not, it goes on alone."""
    thread = Thread(target=function, daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    return not thread.is_alive()
