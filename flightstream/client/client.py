"""The client: what flights there are, and their rows."""

import json
from collections.abc import Collection, Generator, Mapping
from typing import Any, Self, Unpack

import pyarrow as pa
from attrs import define
from pyarrow import flight

from flightstream.client.allocator import tune_allocator as tune_allocator_once
from flightstream.client.connection import Access, Connections, PemSource
from flightstream.client.flights import RemoteFlight, Selection, command_for, described_by
from flightstream.client.login import Token
from flightstream.client.parts import read_part
from flightstream.client.stream import as_json


@define(eq=False, repr=False)
class Client:
    """A connection to one server; made by :func:`connect`, safe to share by threads.

    Every method raises the classes of :mod:`flightstream.errors`, also while a
    stream is being read. Two more are possible at each: ``Unavailable``, where
    no server answers, and ``Unauthenticated``, where it wants another login.
    """

    _connections: Connections

    def flights(self, prefix: str = "") -> list[RemoteFlight]:
        """Return the flights whose paths begin with a prefix, ``sales/2024``."""
        return self._connections.main.ask(
            lambda client, options: [
                described_by(info) for info in client.list_flights(prefix.encode(), options)
            ]
        )

    def info(
        self, name: str, *, partitions: int = 1, **selection: Unpack[Selection]
    ) -> RemoteFlight:
        """Return one flight, with the schema and tickets of what is asked of it.

        Args:
            name: The flight's path; the source may be left out where only one
                source has the name.
            partitions: How many tickets are wanted, to be read apart; a server
                may give fewer, and gives one where limit or offset is asked.
            selection: ``columns``, ``filter``, ``limit`` and ``offset``, as
                :class:`~flightstream.client.Selection` has them.

        Raises:
            NotFound: There is no such flight.
            InvalidCommand: A column or the filter does not fit the flight.
        """
        command = command_for(name, partitions, **selection)

        def call(client: Any, options: Any) -> RemoteFlight:
            descriptor = flight.FlightDescriptor.for_command(command.to_bytes())
            return described_by(client.get_flight_info(descriptor, options))

        return self._connections.main.ask(call)

    def explain(
        self, name: str, *, partitions: int = 1, **selection: Unpack[Selection]
    ) -> dict[str, Any]:
        """Return what a stream would read, and who does what of it, without reading.

        The arguments are those of :meth:`info`.

        Returns:
            ``pushed_down``, what the adapter does itself, ``left_to_the_core``,
            ``reads``, such as files and bytes, ``records`` and ``partitions``.
        """
        command = command_for(name, partitions, **selection)
        return as_json(self.action("explain", command.to_bytes())[0])

    def schema(self, name: str) -> pa.Schema:
        """Return a flight's schema."""
        schema = self.info(name).schema
        assert schema is not None  # GetFlightInfo always has one
        return schema

    def read(self, name: str, *, partitions: int = 1, **selection: Unpack[Selection]) -> pa.Table:
        """Return a flight as a table; the arguments are those of :meth:`info`."""
        with self.stream(name, partitions=partitions, **selection) as reader:
            return reader.read_all()

    def stream(
        self, name: str, *, partitions: int = 1, **selection: Unpack[Selection]
    ) -> pa.RecordBatchReader:
        """Return a reader of a flight's batches, of a few megabytes each.

        The arguments are those of :meth:`info`; parts are read one after the other.
        Where the server names others that serve the same, and one fails, the next
        one gives the rows that are missing. A reader that nobody holds any more
        cancels its stream; closing it does not, for Arrow does not pass that on.
        """
        described = self.info(name, partitions=partitions, **selection)
        return pa.RecordBatchReader.from_batches(described.schema, self._batches(described))

    def action(self, name: str, body: bytes | Mapping[str, Any] | None = None) -> list[bytes]:
        """Run one of the server's actions and return its results.

        Args:
            name: For example ``refresh`` or ``server-info``.
            body: Bytes, or what is sent as JSON.

        Raises:
            NotFound: The server has no such action.
            PermissionDenied: It needs a role.
        """
        sent = json.dumps(dict(body)).encode() if isinstance(body, Mapping) else body or b""
        return self._connections.main.ask(
            lambda client, options: [
                result.body.to_pybytes()
                for result in client.do_action(flight.Action(name, sent), options)
            ]
        )

    def actions(self) -> dict[str, str]:
        """Return the names and descriptions of the server's actions."""
        return self._connections.main.ask(
            lambda client, options: {
                action.type: action.description for action in client.list_actions(options)
            }
        )

    def close(self) -> None:
        """Close the connection; streams that are being read end."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._connections.uri!r})"

    def _batches(self, described: RemoteFlight) -> Generator[pa.RecordBatch]:
        for ticket, locations in zip(described.tickets, described.locations, strict=True):
            yield from read_part(self._connections, described.name, ticket, locations)


def connect(
    uri: str,
    *,
    token: Token | None = None,
    username: str | None = None,
    password: str | None = None,
    tls_ca: PemSource | None = None,
    tls_cert: PemSource | None = None,
    tls_key: PemSource | None = None,
    token_hosts: Collection[str] = (),
    allow_insecure: bool = False,
    timeout_seconds: float = 30.0,
    tune_allocator: bool = True,
) -> Client:
    """Connect to a server.

    On Linux with glibc the first call sets two thresholds of the process's
    ``malloc``, which makes reading about 1.8 times faster and may keep up to
    256 MiB of freed memory in the process.

    Args:
        uri: ``grpc://host:port``, or just ``host:port``; ``grpc+tls://host:port``
            where the server speaks TLS.
        token: A bearer token, or a function that returns one: it is called again,
            and the call made once more, when the server refuses what it had given.
        username: Logs in with a password instead; where the server has a token for
            that, it is asked for once, and again when it is refused.
        password: Of this user.
        tls_ca: The certificates of the CAs that are trusted, in place of those that
            come with Arrow: the path of a PEM file, or its bytes.
        tls_cert: The certificate that is shown to the server.
        tls_key: The key of that.
        token_hosts: Other hosts that may see what you log in with, ``"host"`` or
            ``"host:port"``. A server may say that parts of a flight lie elsewhere.
        allow_insecure: Log in without TLS, also at another machine than this one.
        timeout_seconds: For everything but the reading of streams.
        tune_allocator: ``False`` leaves ``malloc`` alone, and so does
            ``FLIGHTSTREAM_TUNE_ALLOCATOR=0`` in the environment.

    Raises:
        ConfigError: The arguments do not go together, or a file cannot be read.
        FlightStreamError: The URI is none.
    """
    if tune_allocator:
        tune_allocator_once()
    access = Access(
        token=token,
        username=username,
        password=password,
        tls_ca=tls_ca,
        tls_cert=tls_cert,
        tls_key=tls_key,
        token_hosts=token_hosts,
        allow_insecure=allow_insecure,
    )
    return Client(Connections(uri if "://" in uri else f"grpc://{uri}", access, timeout_seconds))
