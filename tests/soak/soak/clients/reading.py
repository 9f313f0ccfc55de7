"""Clients that read, and check each row."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa

import flightstream
from flightstream import FlightStreamError
from soak.caller import EVERYWHERE
from soak.files import FILES, LARGE
from soak.journal import Outcome
from soak.selection import WHOLE, Selection, any_selection, wrong
from soak.session import Session

_PARTS = 4


def whole(session: Session) -> None:
    """Read a whole file as fast as possible."""
    session.read(session.any_file())


def selective(session: Session) -> None:
    """Read some columns and rows of a file."""
    files = [file for file in FILES if not file.is_cut_anywhere]
    session.read(session.random.choice(files), any_selection(session.random))


def slow(session: Session) -> None:
    """Read the largest file, with pauses."""
    session.read(LARGE, pause_seconds=0.3)


def held(session: Session) -> None:
    """Tell whoever has started this process that a stream is being read, and read on slowly."""
    published = session.files.published(LARGE)
    info = session.caller.info({"flight": LARGE.flight}, LARGE.codes)
    told = iter([True])

    def after_batch() -> None:
        if next(told, False):
            print("reading", flush=True)
        time.sleep(0.02)

    session.caller.get(
        info.endpoints[0].ticket.ticket,
        LARGE.codes,
        after_batch=after_batch,
        wrong=lambda table: wrong(table, LARGE, WHOLE, published),
        name=LARGE.flight,
    )


def parallel(session: Session) -> None:
    """Read the parts of a file at the same time; together they are the whole of one version."""
    file = session.any_file()
    published = session.files.published(file)
    command = {"flight": file.flight, "partitions": _PARTS}
    info = session.caller.info(command, file.codes)
    get = partial(session.caller.get, allowed=file.codes, name=file.flight)
    with ThreadPoolExecutor(_PARTS) as pool:
        parts = [pool.submit(get, endpoint.ticket.ticket) for endpoint in info.endpoints]
    table = pa.concat_tables([part.result() for part in parts])
    problem = wrong(table, file, WHOLE, published)
    if problem is not None:
        told = f"of {len(parts)} parts: {problem}"
        session.caller.note(
            Outcome(client=session.caller.name, method="parts", flight=file.flight, problem=told)
        )


def library(session: Session) -> None:
    """Read with our own client."""
    file = session.any_file()
    selection = Selection() if file.is_cut_anywhere else any_selection(session.random)
    published = session.files.published(file)
    outcome = partial(
        Outcome,
        client=session.caller.name,
        method="read",
        flight=file.flight,
        command=str(selection),
    )
    try:
        with flightstream.connect(session.caller.uri, token=session.caller.name) as client:
            table = client.read(
                file.flight,
                columns=selection.columns,
                filter=selection.filter,
                limit=selection.limit,
                offset=selection.offset,
            )
    except FlightStreamError as exc:
        expected = exc.code in file.codes | EVERYWHERE
        problem = None if expected else "this error was not to be expected"
        session.caller.note(
            outcome(code=exc.code, call=exc.call, error=exc.message, problem=problem)
        )
    else:
        problem = wrong(table, file, selection, published)
        session.caller.note(outcome(rows=table.num_rows, problem=problem))
