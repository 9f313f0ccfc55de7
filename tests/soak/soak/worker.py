"""The process of one kind of clients: python -m soak.worker KIND NUMBER SEED FOLDER.

Each line of standard input is a round, as ``Round`` writes it; each is answered with
``done`` once all threads have ended and their connection is closed.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Self

import attrs
from attrs import frozen

from soak.caller import Caller, Refused, Secrets
from soak.clients import KINDS, Kind
from soak.files import Files
from soak.journal import Journal
from soak.session import Session


@frozen
class Round:
    """What clients are told before each round."""

    uri: str
    metrics_port: int
    seconds: float
    secrets: tuple[str, ...]

    def to_line(self) -> str:
        """Write it."""
        return f"{json.dumps(attrs.asdict(self))}\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read it."""
        return cls(**json.loads(line))


def main(name: str, number: str, seed: str, folder: Path) -> None:
    """Run each round that standard input has."""
    kind = KINDS[name]
    journal = Journal.at(folder / "journals" / f"{name}-{number}.jsonl")
    randoms = [Random(f"{seed} {name} {number} {thread}") for thread in range(kind.threads)]
    with ThreadPoolExecutor(kind.threads) as pool:
        for line in sys.stdin:
            begun = Round.from_line(line)
            ends_at = time.monotonic() + begun.seconds
            with Caller(begun.uri, name, journal, Secrets(begun.secrets)) as caller:
                sessions = [
                    Session(caller, Files(folder), random, begun.metrics_port, ends_at)
                    for random in randoms
                ]
                for ended in [pool.submit(_run, kind, session) for session in sessions]:
                    ended.result()
            print("done", flush=True)


def _run(kind: Kind, session: Session) -> None:
    while True:
        with suppress(Refused):
            kind.step(session)
        if not session.goes_on:
            return


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]))
