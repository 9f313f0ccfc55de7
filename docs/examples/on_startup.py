"""A file that is open for as long as the server runs: a line for each call."""

import json
from pathlib import Path
from threading import Lock
from typing import Any

from attrs import field

from flightstream import hookimpl, option, service


@service
class AuditService:
    """Writes who read what to a file."""

    path: Path = option(help="The file; lines are added to it.")
    _file: Any = field(default=None, init=False)
    _lock: Any = field(factory=Lock, init=False)

    @hookimpl
    def on_startup(self):
        self._file = self.path.open("a", encoding="utf-8")

    @hookimpl
    def on_shutdown(self):
        with self._lock:
            self._file.close()

    @hookimpl
    def on_call_finished(self, record):
        line = json.dumps([record.subject, record.method, record.flight, record.code])
        with self._lock:
            if not self._file.closed:  # a call may outlive the server's patience
                self._file.write(f"{line}\n")
                self._file.flush()
