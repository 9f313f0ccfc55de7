"""What clients have seen: a line for each call, which is all that the checks go by."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

import attrs
from attrs import define, field, frozen

OK = "ok"
UNTYPED = "untyped"


@frozen(kw_only=True)
class Outcome:
    """How one call ended for its client.

    Args:
        client: The subject that the server knows it by.
        method: The RPC, ``"DoGet"``.
        flight: Which it asked for, if any.
        command: What it sent, shortened.
        code: ``ok``, the code of the error, or ``untyped`` if that has none.
        rows: How many arrived.
        call: The call's id in the server's log, where an error says it.
        error: The message.
        problem: What should not have been.
    """

    client: str
    method: str
    flight: str | None = None
    command: str | None = None
    code: str = OK
    rows: int = 0
    call: str | None = None
    error: str | None = None
    problem: str | None = None


@define(eq=False)
class Journal:
    """A file of outcomes, written by the threads of one process."""

    _file: TextIO
    _lock: Lock = field(factory=Lock, init=False)

    @classmethod
    def at(cls, path: Path) -> "Journal":
        """Open one for writing; each line is on disk at once, for its process may be killed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path.open("a", buffering=1))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def note(self, outcome: Outcome) -> None:
        """Add a line."""
        line = json.dumps(attrs.asdict(outcome, filter=_is_told))
        with self._lock:
            self._file.write(f"{line}\n")


def read_journals(folder: Path) -> Iterator[Outcome]:
    """Yield all that clients have noted; of a killed one, the last line may be cut."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open() as file:
            for line in file:
                if line.endswith("\n"):
                    yield Outcome(**json.loads(line))


def _is_told(attribute: Any, value: Any) -> bool:
    return value != attribute.default
