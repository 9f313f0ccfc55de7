"""All clients of a server: processes that work to the end, and those that are killed or frozen."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from random import Random

from attrs import frozen

from flightstream.testing.process import clean_environment
from soak.caller import HANGS_SECONDS
from soak.clients import KINDS
from soak.worker import Round

_ROOT = Path(__file__).parents[1]
_HELD = "held"
_NUMBERS = count()


@frozen
class Crowd:
    """The clients of one round, each kind in a process of its own."""

    round: Round

    def run(self) -> Iterator[str]:
        """Let them work until the round ends, and yield what went wrong with their processes."""
        with ExitStack() as stack:
            kinds = [kind for kind in KINDS if kind != _HELD]
            started = [stack.enter_context(self._started(kind)) for kind in kinds]
            for kind, process in zip(kinds, started, strict=True):
                try:
                    code = process.wait(self.round.seconds + 2 * HANGS_SECONDS)
                except subprocess.TimeoutExpired:
                    yield f"the clients of the kind {kind!r} hang"
                else:
                    if code:
                        yield f"the clients of the kind {kind!r} ended with exit code {code}"

    def vanish(self, random: Random, goes_on: Callable[[], bool]) -> None:
        """Kill one after the other while it reads a large file."""
        while goes_on():
            with self._reading() as victim:
                time.sleep(random.uniform(0, 0.3))
                victim.kill()
            time.sleep(random.uniform(0, 1.0))

    def freeze(self, random: Random, goes_on: Callable[[], bool]) -> None:
        """Freeze one after the other; half of them go on later, to the right end."""
        while goes_on():
            with self._reading() as victim:
                victim.send_signal(signal.SIGSTOP)
                frozen_until = time.monotonic() + random.uniform(0, 5)
                while goes_on() and time.monotonic() < frozen_until:
                    time.sleep(0.05)
                if random.random() < 0.5:
                    victim.send_signal(signal.SIGCONT)
                    victim.wait()

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Hold on to the server by one that reads and one that is frozen."""
        with self._reading(), self._reading() as frozen_client:
            frozen_client.send_signal(signal.SIGSTOP)
            yield

    @contextmanager
    def _reading(self) -> "Iterator[subprocess.Popen[str]]":
        with self._started(_HELD) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it tells that it reads, or has ended
            yield process

    @contextmanager
    def _started(self, kind: str) -> "Iterator[subprocess.Popen[str]]":
        number = str(next(_NUMBERS))
        with (
            Path(self.round.folder, f"{kind}-{number}.log").open("w") as log,
            subprocess.Popen(
                [sys.executable, "-m", "soak.worker", kind, number, self.round.to_text()],
                env=clean_environment({"PYTHONPATH": str(_ROOT)}),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()
