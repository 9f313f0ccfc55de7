"""The client: what flights there are, and their rows."""

import json
import warnings
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Self

import pyarrow as pa
from attrs import define, field, frozen
from pyarrow import flight

from flightstream.client.allocator import tune_allocator as tune_allocator_once
from flightstream.client.errors import typed_errors
from flightstream.errors import Unavailable
from flightstream.wire import Command


class DataWarning(UserWarning):
    """Rows were skipped or values changed, as the server's configuration wants it."""


@frozen(eq=False)
class RemoteFlight:
    """A flight as the server describes it.

    Args:
        name: The path, ``sales/2024/orders``.
        schema: ``None`` in a listing, if the server does not know it yet.
        total_records: Exact number of rows, or -1.
        total_bytes: Size as stored, or -1.
        adapter: The plugin that reads it, where the server tells.
        tickets: One for each part; their rows in order are the flight.
    """

    name: str
    schema: pa.Schema | None = field(repr=False)
    total_records: int
    total_bytes: int
    adapter: str | None
    tickets: tuple[bytes, ...] = field(repr=False)


@define(eq=False)
class Client:
    """A connection to one server; made by :func:`connect`, safe to share by threads.

    Every method raises the classes of :mod:`flightstream.errors`, also while a
    stream is being read. One more is possible at each: ``Unavailable``, where
    no server answers.
    """

    _flight: Any
    _timeout_seconds: float

    def flights(self, prefix: str = "") -> list[RemoteFlight]:
        """Return the flights whose paths begin with a prefix, ``sales/2024``."""
        with typed_errors():
            listed = self._flight.list_flights(prefix.encode(), self._options())
            return [_described(info) for info in listed]

    def info(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        filter: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        partitions: int = 1,
    ) -> RemoteFlight:
        """Return one flight, with the schema and tickets of what is asked of it.

        Args:
            name: The flight's path; the source may be left out where only one
                source has the name.
            columns: The columns wanted, in this order.
            filter: SQL, for example ``"fare > 10 AND city IN ('Oslo')"``.
            limit: The greatest number of rows.
            offset: How many rows to leave out first.
            partitions: How many tickets are wanted, to be read apart; a server
                may give fewer, and gives one where limit or offset is asked.

        Raises:
            NotFound: There is no such flight.
            InvalidCommand: A column or the filter does not fit the flight.
        """
        command = _command(name, columns, filter, limit, offset, partitions)
        with typed_errors():
            descriptor = flight.FlightDescriptor.for_command(command.to_bytes())
            return _described(self._flight.get_flight_info(descriptor, self._options()))

    def explain(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        filter: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        partitions: int = 1,
    ) -> dict[str, Any]:
        """Return what a stream would read, and who does what of it, without reading.

        The arguments are those of :meth:`info`.

        Returns:
            ``pushed_down``, what the adapter does itself, ``left_to_the_core``,
            ``reads``, such as files and bytes, ``records`` and ``partitions``.
        """
        command = _command(name, columns, filter, limit, offset, partitions)
        return _as_json(self.action("explain", command.to_bytes())[0])

    def schema(self, name: str) -> pa.Schema:
        """Return a flight's schema."""
        schema = self.info(name).schema
        assert schema is not None  # GetFlightInfo always has one
        return schema

    def read(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        filter: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> pa.Table:
        """Return a flight as a table; the arguments are those of :meth:`info`."""
        with self.stream(
            name, columns=columns, filter=filter, limit=limit, offset=offset
        ) as reader:
            return reader.read_all()

    def stream(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        filter: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> pa.RecordBatchReader:
        """Return a reader of a flight's batches, of a few megabytes each.

        The arguments are those of :meth:`info`. A reader that nobody holds any
        more cancels its stream; closing it does not, for Arrow does not pass
        that on.
        """
        described = self.info(name, columns=columns, filter=filter, limit=limit, offset=offset)
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
        with typed_errors():
            results = self._flight.do_action(flight.Action(name, sent), self._options())
            return [result.body.to_pybytes() for result in results]

    def actions(self) -> dict[str, str]:
        """Return the names and descriptions of the server's actions."""
        with typed_errors():
            found = self._flight.list_actions(self._options())
            return {action.type: action.description for action in found}

    def close(self) -> None:
        """Close the connection; streams that are being read end."""
        self._flight.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _options(self) -> Any:
        return flight.FlightCallOptions(timeout=self._timeout_seconds)

    def _batches(self, described: RemoteFlight) -> Generator[pa.RecordBatch]:
        for ticket in described.tickets:
            with typed_errors():
                reader = self._flight.do_get(flight.Ticket(ticket))
            yield from _received(reader, described.name)


def connect(uri: str, *, timeout_seconds: float = 30.0, tune_allocator: bool = True) -> Client:
    """Connect to a server.

    On Linux with glibc the first call sets two thresholds of the process's
    ``malloc``, which makes reading about 1.8 times faster and may keep up to
    256 MiB of freed memory in the process.

    Args:
        uri: ``grpc://host:port``, or just ``host:port``.
        timeout_seconds: For everything but the reading of streams.
        tune_allocator: ``False`` leaves ``malloc`` alone, and so does
            ``FLIGHTSTREAM_TUNE_ALLOCATOR=0`` in the environment.

    Raises:
        FlightStreamError: The URI is none.
    """
    if tune_allocator:
        tune_allocator_once()
    with typed_errors():
        return Client(flight.connect(uri if "://" in uri else f"grpc://{uri}"), timeout_seconds)


def _command(
    name: str,
    columns: Sequence[str] | None,
    filter: str | None,
    limit: int | None,
    offset: int,
    partitions: int,
) -> Command:
    return Command(
        tuple(name.split("/")),
        columns=None if columns is None else tuple(columns),
        filter=filter,
        limit=limit,
        offset=offset,
        partitions=partitions,
    )


def _described(info: Any) -> RemoteFlight:
    path = info.descriptor.path or []
    return RemoteFlight(
        name=b"/".join(path).decode(),
        schema=info.schema,
        total_records=info.total_records,
        total_bytes=info.total_bytes,
        adapter=_as_json(info.app_metadata).get("adapter"),
        tickets=tuple(endpoint.ticket.ticket for endpoint in info.endpoints),
    )


def _received(reader: Any, name: str) -> Generator[pa.RecordBatch]:
    """Yield a stream's batches, and hold their rows against what the server counted."""
    rows, ended = 0, False
    summary: dict[str, Any] = {}
    try:
        while not ended:
            with typed_errors():
                try:
                    chunk = reader.read_chunk()
                except StopIteration:
                    ended = True
                    break
            if chunk.app_metadata is not None:
                summary = _as_json(chunk.app_metadata.to_pybytes())
            if chunk.data is not None and (chunk.data.num_rows or not chunk.app_metadata):
                rows += chunk.data.num_rows
                yield chunk.data
    finally:
        if not ended:
            reader.cancel()
    if summary.get("rows", rows) != rows:
        raise Unavailable(f"{rows} rows of {name!r} arrived, {summary['rows']} were sent")
    _warn(name, {key: value for key, value in summary.items() if key != "rows"})


def _warn(name: str, counts: Mapping[str, Any]) -> None:
    if counts:
        told = ", ".join(f"{key} {value}" for key, value in counts.items())
        warnings.warn(f"the server reports of {name!r}: {told}", DataWarning, stacklevel=2)


def _as_json(data: bytes | None) -> dict[str, Any]:
    try:
        document = json.loads(data or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
