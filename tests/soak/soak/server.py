"""The server under test: ``flightstream serve`` with a configuration file."""

import json
import os
import signal
import subprocess
import sysconfig
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from flightstream.testing.process import DEADLINE_SECONDS, ServerProcess, clean_environment

MIB = 2**20
_PROGRAM = Path(sysconfig.get_path("scripts"), "flightstream")
# gRPC keeps some that wait for the next call, by how the last ones came in; pools, such as
# Arrow's of eight for reading, start theirs when they first need so many.
_MORE_THREADS = 12
# What is freed goes back to the system at once, but for what lies between things in use.
# Adapters keep what they know of the last thousand versions of files, in each source; a
# batch that is kept for each failed stream is above this in a minute, 1 KB a call in an hour.
MEMORY_BYTES = 96 * MIB
# What Arrow's pool has allocated is known exactly: 1 KB for each such version of an Arrow
# file, and no batch.
_ARROW_BYTES = 8 * MIB
# What an allocator keeps for later, in some arena of some thread, would hide what is lost.
_GIVES_MEMORY_BACK = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
}
_FAULTY = "flightstream.testing:FaultyAdapter"


@frozen
class Held:
    """What the server holds at a moment without calls.

    Args:
        memory_bytes: The process's resident memory.
        arrow_bytes: What Arrow's pool has allocated.
        threads: Of the process, whoever started them.
        files: Open files and sockets.
    """

    memory_bytes: int
    arrow_bytes: int
    threads: int
    files: int

    def problems(self, before: "Held | None" = None) -> Iterator[str]:
        """Yield what is more than there may be after all clients have gone.

        Args:
            before: What was held after a warm-up.
        """
        if self.arrow_bytes > _ARROW_BYTES:
            yield f"Arrow holds {self.arrow_bytes} bytes"
        if before is None:
            return
        if self.memory_bytes > before.memory_bytes + MEMORY_BYTES:
            grown = self.memory_bytes - before.memory_bytes
            yield f"the server has {grown / MIB:.0f} MiB more memory than before"
        if self.threads > before.threads + _MORE_THREADS:
            yield f"there are {self.threads} threads, and were {before.threads}"
        if self.files > before.files:
            yield f"there are {self.files} open files, and were {before.files}"


@define(eq=False)
class SoakedServer:
    """A running server, its configuration file and its log."""

    folder: Path
    _configuration: Path
    log: Path
    running: ServerProcess
    metrics_port: int
    _read_bytes: int = field(default=0, init=False)

    @classmethod
    def start(cls, folder: Path, configuration: str) -> "SoakedServer":
        """Start it and wait until it listens."""
        file, log = folder / "flightstream.toml", folder / "server.log"
        file.write_text(configuration)
        arguments = ["serve", "--config", file, "--port", "0", "--plugin", _FAULTY]
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [_PROGRAM, *arguments],
                cwd=folder,
                env=clean_environment(_GIVES_MEMORY_BACK),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                text=True,
            )
        running = ServerProcess(process, log)
        running.wait_until_started()
        return cls(folder, file, log, running, running.wait_for("metrics_served")["port"])

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self.running.process.poll() is None

    def reload(self, configuration: str) -> str:
        """Change the configuration, send SIGHUP, and return what the log says of it."""
        self._read_bytes = self.log.stat().st_size
        self._configuration.write_text(configuration)
        self.running.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline and self.is_running:
            for line in self._new_lines():
                if line["event"] in ("reloaded", "reload_refused"):
                    return str(line["event"])
            time.sleep(0.02)
        return "nothing"

    def metrics(self) -> dict[str, Metric]:
        """Return the families that ``/metrics`` has."""
        address = f"http://localhost:{self.metrics_port}/metrics"
        with urllib.request.urlopen(address, timeout=DEADLINE_SECONDS) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return {family.name: family for family in families}

    def gauge(self, name: str) -> int:
        """Return what a metric without labels has."""
        return int(self.metrics()[name].samples[0].value)

    def held(self) -> Held:
        """Return what it holds now."""
        files = self.running.open_files()  # before a connection for metrics is one more
        return Held(
            memory_bytes=self.running.memory_bytes(),
            arrow_bytes=self.gauge("flightstream_arrow_allocated_bytes"),
            threads=len(os.listdir(f"/proc/{self.running.pid}/task")),
            files=files,
        )

    def threads_and_files(self) -> dict[str, int]:
        """Return how many there are of each kind, as the kernel calls them."""
        process = Path(f"/proc/{self.running.pid}")
        names = [name.read_text().strip() for name in process.glob("task/*/comm")]
        names += [os.readlink(link).partition(":")[0] for link in process.glob("fd/*")]
        return dict(Counter(names))

    def stop(self, within_seconds: float) -> tuple[int | None, float]:
        """Send SIGTERM; return the exit code, if it ended in time, and how long it took."""
        began = time.monotonic()
        self.running.process.send_signal(signal.SIGTERM)
        try:
            code = self.running.process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            return None, within_seconds
        return code, time.monotonic() - began

    def end(self) -> None:
        """Kill it, if it still runs."""
        self.running.process.kill()
        self.running.process.wait()

    def _new_lines(self) -> Iterator[dict[str, Any]]:
        with self.log.open("rb") as log:
            log.seek(self._read_bytes)
            for line in log:
                if not line.endswith(b"\n"):
                    return
                self._read_bytes += len(line)
                if line.startswith(b"{"):
                    yield json.loads(line)
