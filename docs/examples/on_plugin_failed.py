"""One warning for each plugin that fails often."""

from collections import Counter
from threading import RLock
from typing import Any

import structlog
from attrs import field

from flightstream import hookimpl, option, service

log = structlog.get_logger(__name__)


@service
class AlarmService:
    """Warns once of each hook of a plugin that has failed too often."""

    failures: int = option(10, help="How many failures are too many.", minimum=1)
    _counts: Any = field(factory=Counter, init=False)
    _lock: Any = field(factory=RLock, init=False)

    @hookimpl
    def on_plugin_failed(self, failure):
        which = failure.plugin, failure.hook
        with self._lock:
            self._counts[which] += 1
            too_many = self._counts[which] == self.failures
        if too_many:
            log.warning("plugin_fails_often", plugin=failure.plugin, hook=failure.hook)
