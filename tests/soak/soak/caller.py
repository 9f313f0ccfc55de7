"""A Flight client that notes how each of its calls ends."""

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any, Self, TypeVar

import pyarrow as pa
from attrs import define, evolve, field, frozen
from pyarrow import flight

from soak.journal import UNTYPED, Journal, Outcome

T = TypeVar("T")
# Nothing here takes that long: who waits until then has found a call that hangs.
HANGS_SECONDS = 90.0
# Any call may be told so, for the server may have limits.
EVERYWHERE = frozenset({"unavailable"})
NOTHING: frozenset[str] = frozenset()


class Refused(Exception):
    """A call ended with an error, which has been noted."""


@frozen
class Secrets:
    """Texts that no client may see: folders of the server, and what plugins raise."""

    texts: Sequence[str]

    def told_by(self, text: str) -> str | None:
        """Return which of them a text has."""
        return next((secret for secret in self.texts if secret in text), None)


@define(eq=False)
class Caller:
    """A connection to the server. Threads may share it.

    Args:
        uri: Of the server.
        name: The subject that the server knows the client by.
        journal: Where outcomes are noted.
        secrets: What no error may tell.
    """

    uri: str
    name: str
    journal: Journal
    secrets: Secrets
    flight: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.flight = flight.connect(self.uri)

    def options(self, seconds: float = HANGS_SECONDS, **headers: str) -> Any:
        """Return options with the client's name and other headers."""
        sent = {"authorization": f"Bearer {self.name}", **headers}
        pairs = [(name.encode(), value.encode()) for name, value in sent.items()]
        return flight.FlightCallOptions(timeout=seconds, headers=pairs)

    def ask(
        self,
        method: str,
        call: Callable[[], T],
        allowed: Collection[str] = NOTHING,
        *,
        command: Any = None,
        flight: str | None = None,
    ) -> T:
        """Make a call and note how it ended.

        Args:
            method: The RPC.
            call: Makes it.
            allowed: The codes of errors that are no problem.
            command: What is sent, for those who look into a problem.
            flight: Of which flight.

        Raises:
            Refused: It ended with an error.
        """
        noted = Outcome(client=self.name, method=method, flight=flight, command=_brief(command))
        try:
            result = call()
        except (pa.ArrowException, OSError, ValueError) as exc:
            self.note(self._failed(noted, exc, allowed))
            raise Refused from exc
        self.note(noted)
        return result

    def info(self, command: dict[str, Any], allowed: Collection[str] = NOTHING) -> Any:
        """Call GetFlightInfo."""
        descriptor = flight.FlightDescriptor.for_command(json.dumps(command).encode())
        return self.ask(
            "GetFlightInfo",
            lambda: self.flight.get_flight_info(descriptor, self.options()),
            allowed,
            command=command,
            flight=command["flight"],
        )

    def get(
        self,
        ticket: bytes,
        allowed: Collection[str] = NOTHING,
        *,
        after_batch: Callable[[], None] = lambda: None,
        wrong: Callable[[pa.Table], str | None] = lambda _table: None,
        name: str | None = None,
    ) -> pa.Table:
        """Call DoGet and read to the end.

        Args:
            ticket: Of what.
            allowed: The codes of errors that are no problem.
            after_batch: Called after each batch; a slow client takes its time there.
            wrong: Says what is wrong with the rows.
            name: Of the flight.

        Raises:
            Refused: It ended with an error.
        """
        noted = Outcome(client=self.name, method="DoGet", flight=name, command=_brief(ticket))
        batches: list[pa.RecordBatch] = []
        summary: dict[str, Any] = {}
        try:
            reader = self.flight.do_get(flight.Ticket(ticket), self.options())
            for chunk in reader:
                if chunk.app_metadata is not None:
                    summary = json.loads(chunk.app_metadata.to_pybytes())
                batches.append(chunk.data)
                after_batch()
            table = pa.Table.from_batches(batches, reader.schema)
        except (pa.ArrowException, OSError, ValueError) as exc:
            rows = sum(batch.num_rows for batch in batches)
            self.note(evolve(self._failed(noted, exc, allowed), rows=rows))
            raise Refused from exc
        counted = summary.get("rows")
        problem = wrong(table)
        if counted != table.num_rows:
            problem = f"{table.num_rows} rows arrived, and the server counts {counted}"
        self.note(evolve(noted, rows=table.num_rows, problem=problem))
        return table

    def note(self, outcome: Outcome) -> None:
        """Note an outcome."""
        self.journal.note(outcome)

    def close(self) -> None:
        """Close the connection."""
        self.flight.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _failed(self, noted: Outcome, exc: Exception, allowed: Collection[str]) -> Outcome:
        code, call = code_of(exc)
        secret = self.secrets.told_by(str(exc))
        problem = None if code in {*allowed, *EVERYWHERE} else "this error was not to be expected"
        if secret is not None:
            problem = f"it tells {secret!r}"
        return evolve(noted, code=code, call=call, error=str(exc)[:500], problem=problem)


def code_of(exc: BaseException) -> tuple[str, str | None]:
    """Return the code of an error, and the id of its call; Flight's own errors have neither."""
    try:
        document = json.loads(getattr(exc, "extra_info", b"") or b"{}")
    except ValueError:
        return UNTYPED, None
    return document.get("code", UNTYPED), document.get("call")


def _brief(command: Any) -> str | None:
    return None if command is None else str(command)[:300]
