"""Real servers on ports of their own, with a client of each kind."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from attrs import frozen
from pyarrow import flight

import flightstream
from flightstream import (
    CallRecord,
    Client,
    Flight,
    Server,
    Source,
    adapter,
    hookimpl,
    option,
    service,
)

DEADLINE_SECONDS = 20.0


@frozen
class Served:
    """A running server.

    Args:
        server: The server itself.
        client: Ours.
        raw: That of pyarrow.
    """

    server: Server
    client: Client
    raw: Any

    def info(self, request: bytes | tuple[str, ...], **headers: str) -> Any:
        """Call GetFlightInfo with a command, or a path."""
        return self.raw.get_flight_info(_descriptor(request), _options(headers))

    def get(self, ticket: bytes, **headers: str) -> pa.Table:
        """Read all of a ticket."""
        return self.raw.do_get(flight.Ticket(ticket), _options(headers)).read_all()

    def get_all(self, request: bytes | tuple[str, ...], **headers: str) -> pa.Table:
        """Read a flight as any client does: GetFlightInfo, then each endpoint."""
        endpoints = self.info(request, **headers).endpoints
        return pa.concat_tables(self.get(e.ticket.ticket, **headers) for e in endpoints)

    def names(self, criteria: bytes = b"", **headers: str) -> list[str]:
        """Return the paths that ListFlights gives."""
        listed = self.raw.list_flights(criteria, _options(headers))
        return [b"/".join(info.descriptor.path).decode() for info in listed]


def _descriptor(request: bytes | tuple[str, ...]) -> Any:
    if isinstance(request, bytes):
        return flight.FlightDescriptor.for_command(request)
    return flight.FlightDescriptor.for_path(*request)


def _options(headers: dict[str, str]) -> Any:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    return flight.FlightCallOptions(timeout=DEADLINE_SECONDS, headers=sent)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that is served as source ``s``."""
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., Served]]:
    """Return a function that starts a server of the given plugins; the test's end stops it."""
    with ExitStack() as stack:

        def start(*plugins: type[Any], **given: Any) -> Served:
            given = {"sources": {"s": folder}, "drain_timeout_seconds": 5, "port": 0} | given
            server = stack.enter_context(Server(plugins=plugins, **given))
            # What the server does is looked at, not what a client makes of it.
            place = f"localhost:{server.port}"
            client = stack.enter_context(flightstream.connect(place, attempts=1))
            raw = stack.enter_context(flight.connect(f"grpc://localhost:{server.port}"))
            return Served(server, client, raw)

        yield start


@pytest.fixture
def opened(folder: Path) -> Callable[[], list[str]]:
    """Return a function that lists the files of the source that this process has open."""

    def list_opened() -> list[str]:
        found = []
        for number in os.listdir("/proc/self/fd"):
            try:
                target = os.readlink(f"/proc/self/fd/{number}")
            except FileNotFoundError:
                continue
            if target.startswith(f"{folder}{os.sep}"):
                found.append(os.path.basename(target))
        return found

    return list_opened


@pytest.fixture
def refused() -> Callable[..., dict[str, Any]]:
    """Return a function that makes a call and returns what the error on the wire says."""

    def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        with pytest.raises(pa.ArrowException) as caught:
            function(*args, **kwargs)
        document: dict[str, Any] = json.loads(caught.value.extra_info)
        assert document["message"] in str(caught.value)
        return document

    return call


@pytest.fixture
def lines() -> type[Any]:
    """An adapter of text files: one row a line, one batch a row, the file open meanwhile."""

    @adapter
    class LinesAdapter:
        source: Source
        upper: bool = option(False, help="in capital letters")

        @hookimpl
        def list_flights(self):
            for file in self.source.files("**/*.txt"):
                yield Flight(file.stem, origin=file, version=file.version)

        @hookimpl
        def get_schema(self):
            return pa.schema([("line", pa.string())])

        @hookimpl
        def stream_batches(self, flight):
            file = flight.origin
            with file.open() as opened:
                for line in opened.read().decode().splitlines():
                    file.check_unchanged()
                    yield pa.record_batch({"line": [line.upper() if self.upper else line]})

    return LinesAdapter


@pytest.fixture
def observer() -> tuple[type[Any], list[CallRecord]]:
    """A plugin, and the records that it is given."""
    seen: list[CallRecord] = []

    @service
    class Observer:
        @hookimpl
        def on_call_finished(self, record):
            seen.append(record)

    return Observer, seen
