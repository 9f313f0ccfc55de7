"""The process of one kind of clients: python -m soak.worker KIND NUMBER ROUND."""

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
    """What all clients have to know.

    Args:
        seed: Of what they do.
        folder: The one of the whole run.
        uri: Of the server.
        metrics_port: Of its other server.
        seconds: How long they work.
        secrets: What no error may tell.
    """

    seed: str
    folder: str
    uri: str
    metrics_port: int
    seconds: float
    secrets: tuple[str, ...]

    def to_text(self) -> str:
        """Write it."""
        return json.dumps(attrs.asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read it."""
        return cls(**json.loads(text))


def main(name: str, number: str, round_: Round) -> None:
    """Be the clients of a kind for a round."""
    kind, folder = KINDS[name], Path(round_.folder)
    journal = Journal.at(folder / "journals" / f"{name}-{number}.jsonl")
    ends_at = time.monotonic() + round_.seconds
    with (
        ThreadPoolExecutor(kind.threads) as pool,
        Caller(round_.uri, name, journal, Secrets(round_.secrets)) as caller,
    ):
        randoms = [Random(f"{round_.seed} {name} {number} {n}") for n in range(kind.threads)]
        sessions = [
            Session(caller, Files(folder), random, round_.metrics_port, ends_at)
            for random in randoms
        ]
        for ended in [pool.submit(_run, kind, session) for session in sessions]:
            ended.result()


def _run(kind: Kind, session: Session) -> None:
    while True:
        with suppress(Refused):
            kind.step(session)
        if not session.goes_on:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Round.from_text(sys.argv[3]))
