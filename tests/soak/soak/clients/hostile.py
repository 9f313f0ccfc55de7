"""What nobody should send, in well-formed calls: each gets one typed error."""

import json
from random import Random

import pyarrow as pa
from pyarrow import flight

from soak import rows
from soak.caller import Refused
from soak.files import LARGE
from soak.journal import UNTYPED
from soak.session import Session

_NAMES = ("../../etc/passwd", "/etc/passwd", "steady/../steady", "a\0b", "a\nb", "{{7*7}}", "")
_FILTERS = (
    "(" * 500,
    "NOT " * 4_000 + "bucket = 1",
    " OR ".join(["bucket = 1"] * 2_000),
    "bucket = 1; DROP TABLE x",
    "bucket = '\ud7ff" + "x" * 20_000 + "'",
    "sleep(10) = 1",
    "nothing = 1",
)
_REFUSED = frozenset({"invalid_command", "not_found", "limit_exceeded", "unsupported", "stale"})


def any_attack(session: Session) -> None:
    """Make one of them."""
    attacks = [ticket, info, filtered, action, put, exchange, headers, nobody]
    try:
        session.random.choice(attacks)(session)
    except Refused:
        session.pause(0.02)


def ticket(session: Session) -> None:
    """Ask for a stream with garbage."""
    session.caller.get(_garbage(session.random), _REFUSED, wrong=_is_an_answer)


def info(session: Session) -> None:
    """Ask for a flight with garbage, as a command or as a path."""
    caller, garbage = session.caller, _garbage(session.random)
    descriptor = flight.FlightDescriptor.for_command(garbage)
    if session.random.random() < 0.3:
        descriptor = flight.FlightDescriptor.for_path(*garbage.split(b"/"))
    # Paths are text: of other bytes, gRPC says itself that they are none.
    allowed = {*_REFUSED, UNTYPED}
    caller.ask(
        "GetFlightInfo",
        lambda: caller.flight.get_flight_info(descriptor, caller.options()),
        allowed,
    )


def filtered(session: Session) -> None:
    """Ask for rows by a filter that is none, or is too much."""
    wanted = {"flight": LARGE.flight, "filter": session.random.choice(_FILTERS)}
    session.caller.get(json.dumps(wanted).encode(), _REFUSED, wrong=_is_an_answer)


def action(session: Session) -> None:
    """Call an action that there is not, or one with a body that makes no sense."""
    caller = session.caller
    name = session.random.choice(["", "x" * 5_000, "explain", "refresh ", "shutdown"])
    asked = flight.Action(name, _garbage(session.random))
    caller.ask("DoAction", lambda: list(caller.flight.do_action(asked, caller.options())), _REFUSED)


def put(session: Session) -> None:
    """Write where nothing can be written."""
    caller = session.caller
    descriptor = flight.FlightDescriptor.for_command(LARGE.flight.encode())

    def write() -> None:
        writer, _ = caller.flight.do_put(descriptor, rows.SCHEMA, caller.options())
        with writer:
            for _ in range(session.random.randrange(20)):
                writer.write_table(rows.table("hostile", 1, 5_000))

    caller.ask("DoPut", write, _REFUSED)


def exchange(session: Session) -> None:
    """Begin an exchange, which is not there."""
    caller = session.caller
    descriptor = flight.FlightDescriptor.for_command(LARGE.flight.encode())

    def begin() -> None:
        writer, reader = caller.flight.do_exchange(descriptor, caller.options())
        with writer:
            writer.done_writing()
            reader.read_all()

    caller.ask("DoExchange", begin, _REFUSED)


def headers(session: Session) -> None:
    """Send more headers than gRPC takes, or odd ones that it takes."""
    caller = session.caller
    sent = session.random.choice(
        [
            {"x-long": "x" * 100_000},
            {f"x-{number}": "x" * 100 for number in range(200)},
            {"traceparent": "00-" + "z" * 300, "tracestate": ",=,=" * 100},
            {"x-odd": "\x7f\t "},
        ]
    )
    caller.ask(
        "ListActions",
        lambda: list(caller.flight.list_actions(caller.options(**sent))),
        {*_REFUSED, UNTYPED},
    )


def nobody(session: Session) -> None:
    """Call without a name."""
    caller = session.caller
    options = flight.FlightCallOptions(timeout=60, headers=[(b"authorization", b"Basic !!!")])
    caller.ask(
        "ListFlights",
        lambda: list(caller.flight.list_flights(b"", options)),
        {"unauthenticated"},
    )


def _is_an_answer(table: pa.Table) -> str:
    return f"it got {table.num_rows} rows"


def _garbage(random: Random) -> bytes:
    deep = random.randrange(1, 20_000)
    return random.choice(
        [
            random.choice(_NAMES).encode(),
            random.randbytes(random.randrange(300)),
            b"{" + random.randbytes(random.randrange(300)),
            b"x" * random.choice([60_000, 70_000, 3_000_000]),
            b'{"flight":' + b"[" * deep + b"]" * deep + b"}",
            b'{"flight":"steady/large","limit":' + b"9" * (18 + deep) + b"}",
            b'{"flight":"steady/large","partition":[1e308,-1]}',
            b'{"flight":"steady/large","columns":["row","row"]}',
            b'{"flight":"steady/large","version":"older"}',
        ]
    )
