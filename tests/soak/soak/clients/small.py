"""Calls that are no streams."""

import json

from pyarrow import flight

from soak import rows
from soak.files import FILES
from soak.journal import Outcome
from soak.session import Session

_STEADY = [file for file in FILES if not file.changes]


def any_call(session: Session) -> None:
    """Make one of them."""
    call = session.random.choice([list_flights, get_info, get_schema, list_actions, do_action])
    call(session)
    session.pause(0.02)


def list_flights(session: Session) -> None:
    """Every flight that is always there is listed."""
    caller = session.caller
    found = caller.ask(
        "ListFlights", lambda: list(caller.flight.list_flights(b"steady", caller.options()))
    )
    names = {b"/".join(info.descriptor.path).decode() for info in found}
    if missing := {file.flight for file in _STEADY} - names:
        _note(session, "ListFlights", f"{sorted(missing)} are not listed")


def get_info(session: Session) -> None:
    """A flight has its schema and as many rows as it can tell."""
    file = session.random.choice(_STEADY)
    info = session.caller.info({"flight": file.flight})
    if info.schema != rows.SCHEMA or info.total_records not in (-1, file.most_rows):
        _note(session, "GetFlightInfo", f"{file.flight} has {info.total_records} rows")


def get_schema(session: Session) -> None:
    """A flight has its schema."""
    caller, file = session.caller, session.random.choice(_STEADY)
    descriptor = flight.FlightDescriptor.for_path(*file.flight.split("/"))
    result = caller.ask(
        "GetSchema",
        lambda: caller.flight.get_schema(descriptor, caller.options()),
        flight=file.flight,
    )
    if result.schema != rows.SCHEMA:
        _note(session, "GetSchema", f"{file.flight} has {result.schema.to_string()!r}")


def list_actions(session: Session) -> None:
    """The actions are known."""
    caller = session.caller
    caller.ask("ListActions", lambda: list(caller.flight.list_actions(caller.options())))


def do_action(session: Session) -> None:
    """An action answers with JSON."""
    caller = session.caller
    name = session.random.choice(["health", "refresh", "server-info", "explain"])
    body = json.dumps({"flight": _STEADY[0].flight}).encode() if name == "explain" else b""
    action = flight.Action(name, body)
    for result in caller.ask(
        "DoAction",
        lambda: list(caller.flight.do_action(action, caller.options())),
        command=name,
    ):
        json.loads(result.body.to_pybytes())


def _note(session: Session, method: str, problem: str) -> None:
    session.caller.note(Outcome(client=session.caller.name, method=method, problem=problem))
