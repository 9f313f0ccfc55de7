"""How long a plugin runs: from the first registry that uses it to the last."""

from collections.abc import Callable
from threading import Lock

from attrs import define, field


@define(eq=False)
class Life:
    """Counts the registries that use a plugin. Guarded by a lock, also while a hook runs.

    A reload builds a registry beside the one that runs, and both use the plugins
    that have not changed.
    """

    _users: int = field(default=0, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    @property
    def is_running(self) -> bool:
        """Whether a registry uses the plugin."""
        return self._users > 0

    def hold(self, start: Callable[[], None]) -> None:
        """Count one more user; the first starts the plugin, and if that fails there is none."""
        with self._lock:
            if self._users == 0:
                start()
            self._users += 1

    def release(self, stop: Callable[[], bool]) -> bool:
        """Count one user less; the last stops the plugin. Return whether that ended in time."""
        with self._lock:
            self._users -= 1
            return stop() if self._users == 0 else True
