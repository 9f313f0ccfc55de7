"""All clients of a server: processes that work in rounds, and those that are killed or frozen."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from random import Random

from attrs import define, field, frozen

from flightstream.testing.process import clean_environment
from soak.clients import KINDS
from soak.worker import Round

ROOT = Path(__file__).parents[1]
HELD = "held"
NUMBERS = count()


@frozen
class ClientProcess:
    """A process of clients of one kind."""

    kind: str
    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, kind: str, seed: int, folder: Path) -> "ClientProcess":
        """Start it; it waits for its first round."""
        arguments = ["-m", "soak.worker", kind, str(next(NUMBERS)), str(seed), str(folder)]
        return cls(
            kind,
            subprocess.Popen(
                [sys.executable, *arguments],
                env=clean_environment({"PYTHONPATH": str(ROOT)}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ),
        )

    def begin(self, round_: Round) -> None:
        """Tell it to begin."""
        assert self.process.stdin is not None
        self.process.stdin.write(round_.to_line())
        self.process.stdin.flush()

    def answer(self) -> str:
        """Wait for the next line that it writes; an empty one, if it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate()


@define(eq=False)
class Crowd:
    """The clients that work, round after round."""

    seed: int
    folder: Path
    _workers: Sequence[ClientProcess] = field(init=False)

    def __attrs_post_init__(self) -> None:
        kinds = [kind for kind in KINDS if kind != HELD]
        self._workers = [ClientProcess.start(kind, self.seed, self.folder) for kind in kinds]

    def begin(self, round_: Round) -> None:
        """Tell all to begin."""
        for worker in self._workers:
            worker.begin(round_)

    def wait(self) -> list[str]:
        """Wait until all have ended their round; return what went wrong with them."""
        ends = [(worker.kind, worker.answer()) for worker in self._workers]
        return [f"the clients of the kind {kind!r} ended" for kind, end in ends if end != "done"]

    def end(self) -> None:
        """End all."""
        for worker in self._workers:
            worker.end()


@frozen
class Victims:
    """Processes that read a large file, and are killed or frozen while they do."""

    seed: int
    folder: Path
    round: Round

    def vanish(self, random: Random, goes_on: Callable[[], bool]) -> None:
        """Kill one after the other."""
        while goes_on():
            with self._reading() as victim:
                time.sleep(random.uniform(0, 0.3))
                victim.signal(signal.SIGKILL)
            time.sleep(random.uniform(0, 1.0))

    def freeze(self, random: Random, goes_on: Callable[[], bool]) -> None:
        """Freeze one after the other; half of them go on later, to the right end."""
        while goes_on():
            with self._reading() as victim:
                victim.signal(signal.SIGSTOP)
                frozen_until = time.monotonic() + random.uniform(0, 5)
                while goes_on() and time.monotonic() < frozen_until:
                    time.sleep(0.05)
                if random.random() < 0.5:
                    victim.signal(signal.SIGCONT)
                    victim.answer()

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Hold on to the server by one that reads and one that is frozen."""
        with ExitStack() as stack:
            stack.enter_context(self._reading())
            stack.enter_context(self._reading()).signal(signal.SIGSTOP)
            yield

    @contextmanager
    def _reading(self) -> Iterator[ClientProcess]:
        victim = ClientProcess.start(HELD, self.seed, self.folder)
        try:
            victim.begin(self.round)
            victim.answer()
            yield victim
        finally:
            victim.end()
