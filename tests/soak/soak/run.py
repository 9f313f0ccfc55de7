"""From the first file to the report: ``tox -e soak -- [SECONDS] [--seed N]``."""

import argparse
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random, SystemRandom
from threading import Event
from typing import Self

from attrs import define, field

from soak.checks import Findings
from soak.configuration import DRAIN_SECONDS, FAULT_TEXT, configuration, keep_reloading
from soak.crowd import Crowd
from soak.files import FILES, Files, ServedFile, keep_changing
from soak.report import Report
from soak.server import Held, SoakedServer
from soak.worker import Round

# gRPC ends threads that have nothing to do only after some time.
_SETTLE_SECONDS = 60.0
# Until then, what adapters keep of files that change is as much as it ever will be.
_WARM_SECONDS = 400.0
_STOP_SECONDS = DRAIN_SECONDS + 15.0


def main() -> int:
    """Run, print the report, and return the exit code."""
    parser = argparse.ArgumentParser(prog="soak", description="Try what a server endures.")
    parser.add_argument("seconds", nargs="?", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    given = parser.parse_args()
    # No server is left behind, whoever ends this.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    with Soak.begun(given.seed, folder) as soak:
        report = soak.run(given.seconds)
    print(*report.lines(), sep="\n", flush=True)
    if report.findings.problems:
        print(f"the log and what clients noted are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


@define(eq=False)
class Soak:
    """One run: a server, its files and its clients.

    Args:
        seed: Of all that is left to chance; not of which comes first.
        folder: For all that is written.
    """

    seed: int
    folder: Path
    _server: SoakedServer
    _findings: Findings = field(factory=Findings, init=False)
    _versions: dict[str, int] = field(factory=dict, init=False)
    _rounds: int = field(default=0, init=False)

    @classmethod
    @contextmanager
    def begun(cls, seed: int, folder: Path) -> Iterator[Self]:
        """Write the files, start the server, and end it in any case."""
        (folder / "chaos").mkdir()
        Files(folder).write_first(Random(seed))
        with SoakedServer.started(folder, configuration()) as server:
            yield cls(seed, folder, server)

    def run(self, seconds: float) -> Report:
        """Warm the server up, try it for so long, stop it, and look at all that is known."""
        self._round(min(_WARM_SECONDS, max(5.0, seconds / 4)))
        before = self._settled()
        self._round(seconds)
        after = self._settled(before)
        metrics, log_bytes = self._server.metrics(), self._server.log.stat().st_size
        stop_seconds = self._stop()
        self._findings.look_at_journals(self.folder / "journals")
        self._findings.look_at_log(self._server.log, log_bytes)
        self._findings.compare(metrics)
        return Report(self.seed, seconds, self._findings, before, after, stop_seconds)

    def _round(self, seconds: float) -> None:
        """Let everybody do what they do for so long, and wait until all clients have gone."""
        self._rounds += 1
        ended = Event()

        def goes_on() -> bool:
            return not ended.is_set() and self._server.is_running

        crowd, problem = self._crowd(seconds), self._findings.problems.append
        with ThreadPoolExecutor(32) as pool:
            beside = [
                pool.submit(crowd.vanish, self._random("vanish"), goes_on),
                pool.submit(crowd.freeze, self._random("freeze"), goes_on),
                pool.submit(keep_reloading, self._server, self._random("reload"), goes_on, problem),
                *(pool.submit(self._change, file, goes_on) for file in FILES if file.changes),
            ]
            try:
                self._findings.problems += crowd.run()
            finally:
                ended.set()
        for one in beside:
            one.result()
        if not self._server.is_running:
            raise SystemExit(f"the server has ended; its log and what clients noted: {self.folder}")

    def _settled(self, before: Held | None = None) -> Held:
        """Return what the server holds, once that is no more than it may be, or time is over."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            calls, held = self._server.gauge("flightstream_active_calls"), self._server.held()
            problems = [*held.problems(before), *([f"there are {calls} calls"] if calls else [])]
            if problems and time.monotonic() > deadline:
                problems.append(f"the server has {self._server.threads_and_files()}")
                self._findings.problems += problems
                return held
            if not problems:
                return held
            time.sleep(0.2)

    def _stop(self) -> float:
        """End the server while one client reads and another is frozen; return how long it took."""
        with self._crowd(0.0).attached():
            code, seconds = self._server.stop(_STOP_SECONDS)
        if code != 0:
            self._findings.problems.append(f"SIGTERM: exit code {code} after {seconds:.1f} s")
        return seconds

    def _change(self, file: ServedFile, goes_on: Callable[[], bool]) -> None:
        version = self._versions.get(file.name, 1)
        files, random = Files(self.folder), self._random(file.name)
        self._versions[file.name] = keep_changing(files, file, version, random, goes_on)

    def _crowd(self, seconds: float) -> Crowd:
        server = self._server
        return Crowd(
            Round(
                seed=f"{self.seed} {self._rounds}",
                folder=str(self.folder),
                uri=server.running.uri,
                metrics_port=server.metrics_port,
                seconds=seconds,
                secrets=(str(self.folder), "site-packages", FAULT_TEXT),
            )
        )

    def _random(self, what: str) -> Random:
        return Random(f"{self.seed} {what} {self._rounds}")
