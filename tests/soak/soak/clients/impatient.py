"""Clients that do not wait for the end."""

import json

import pyarrow as pa
from attrs import evolve
from pyarrow import flight

from soak.caller import HANGS_SECONDS, code_of
from soak.files import FILES
from soak.journal import UNTYPED, Outcome
from soak.session import Session

_FLIGHTS = ("chaos/pausing", "chaos/unclosable", *(file.flight for file in FILES))
# Whoever gives up may still be told what has gone wrong before.
_GIVEN_UP = frozenset({UNTYPED, "cancelled", "unavailable", "stale", "invalid_data", "not_found"})


def leave(session: Session) -> None:
    """Begin a stream, and cancel it or let a deadline pass."""
    caller, name = session.caller, session.random.choice(_FLIGHTS)
    seconds = session.random.choice([HANGS_SECONDS, session.random.uniform(0.001, 0.2)])
    ticket = flight.Ticket(json.dumps({"flight": name}).encode())
    noted = Outcome(client=caller.name, method="DoGet", flight=name)
    try:
        reader = caller.flight.do_get(ticket, caller.options(seconds))
        for _ in range(session.random.randrange(4)):
            reader.read_chunk()
        reader.cancel()
    except StopIteration:
        caller.note(noted)
    except (pa.ArrowException, OSError) as exc:
        code, call = code_of(exc)
        problem = None if code in _GIVEN_UP else "this error was not to be expected"
        caller.note(evolve(noted, code=code, call=call, error=str(exc)[:500], problem=problem))
