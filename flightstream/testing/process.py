"""A server in a process of its own, and what it has logged."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

DEADLINE_SECONDS = 30.0
_PREFIXES = ("FLIGHT", "CSV_", "MAX_", "LOG_LEVEL", "DEBUG", "DATA_DIRECTORY", "REQUEST_")


@define(eq=False)
class ServerProcess:
    """A running server that logs JSON lines.

    .. versionadded:: 0.1
    """

    process: "subprocess.Popen[str]"
    _log: Path
    uri: str = field(default="", init=False)
    port: int = field(default=0, init=False)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self.process.pid

    def log_lines(self) -> list[dict[str, Any]]:
        """Return what it has logged so far."""
        whole = self._log.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def log_text(self) -> str:
        """Return its standard error as it is."""
        return self._log.read_text()

    def wait_for(self, event: str) -> dict[str, Any]:
        """Return the first log line of an event, once it is there."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            for line in self.log_lines():
                if line["event"] == event:
                    return line
            assert not ended, f"it ended without {event}: {self.log_text()}"
            time.sleep(0.01)
        raise AssertionError(f"no {event} in time: {self.log_text()}")

    def wait_until_started(self) -> None:
        """Wait until it listens, and note where."""
        started = self.wait_for("server_started")
        self.port = started["port"]
        self.uri = f"{'grpc+tls' if started['tls'] else 'grpc'}://localhost:{self.port}"

    def memory_bytes(self, field: str = "VmRSS") -> int:
        """Return the memory it has now, or at its peak, ``VmHWM``; Linux only."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
        return int(line.split()[1]) * 1024

    def open_files(self) -> int:
        """Return how many files and sockets it has open; Linux only."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def clean_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of this process without any that configure FlightStream."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(_PREFIXES)}
    return {**inherited, **(env or {})}
