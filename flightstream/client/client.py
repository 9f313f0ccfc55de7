"""The client: what flights there are, and their rows."""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

import pyarrow as pa
from attrs import define, evolve, field
from pyarrow import flight

from flightstream.client.connection import Access, Connections
from flightstream.client.describe import Describer
from flightstream.client.errors import lacking, typed_errors
from flightstream.client.events import Event, Recalled, Teller
from flightstream.client.flights import Flights, RemoteFlight, described_by
from flightstream.client.halt import Halt, closed
from flightstream.client.html import html_client
from flightstream.client.metadata import as_json
from flightstream.client.offline import Keeper, Offline
from flightstream.client.parallel import BUFFER_BYTES
from flightstream.client.patience import Patience
from flightstream.client.reading import Reading
from flightstream.client.stream import Stream
from flightstream.client.wanted import Rest, Selection, divided
from flightstream.errors import InvalidCommand, Unsupported

if TYPE_CHECKING:
    from flightstream.client.dataset import FlightDataset
    from flightstream.client.session import Session

T = TypeVar("T")


@define(eq=False, repr=False)
class Client:
    """A connection to one server; made by :func:`connect`, safe to share by threads.

    It can be pickled, into a process that is spawned or on another machine, where
    it connects anew; what is called with events stays behind. Every method raises the
    classes of :mod:`flightstream.errors`, also while a stream is being read. Two
    more are possible at each: ``Unavailable``, where no server answers, and
    ``Unauthenticated``, where it wants another login.

    What is ``Unavailable`` is tried again, and a stream that breaks goes on with the
    row where it broke, if the flight is what it was: otherwise it is ``Stale``.
    """

    _connections: Connections
    _halt: Halt = field(alias="halt")
    _keeper: Keeper | None = field(alias="keeper")

    def flights(self, prefix: str = "") -> list[RemoteFlight]:
        """Return the flights whose paths begin with a prefix, ``sales/2024``."""
        listed = self._ask(
            lambda client, options: Flights(
                described_by(info) for info in client.list_flights(prefix.encode(), options)
            )
        )
        if not prefix:
            return listed
        folder = prefix.rstrip("/")  # another server may list all
        return Flights(one for one in listed if f"{one.name}/".startswith(f"{folder}/"))

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
        described = self._describe(name, partitions, selection)
        if described.age_seconds is not None:
            self._connections.tell(Recalled(described.name, described.age_seconds, is_away=True))
        return described

    def explain(
        self, name: str, *, partitions: int = 1, **selection: Unpack[Selection]
    ) -> dict[str, Any]:
        """Return what a stream would read, and who does what of it, without reading.

        The arguments are those of :meth:`info`.

        Returns:
            ``pushed_down``, what the adapter does itself, ``left_to_the_core``,
            ``reads``, such as files and bytes, ``records`` and ``partitions``.
        """
        command, _ = divided(name, partitions, Rest.of(selection))
        with typed_errors():
            asked = command.to_bytes()
        explained = self.action("explain", asked)
        if not explained:
            raise Unsupported(f"{self._connections.uri} explains nothing: it is no server of ours")
        return as_json(explained[0])

    def schema(self, name: str) -> pa.Schema:
        """Return a flight's schema."""
        return self.info(name).schema

    def read(
        self,
        flight: str | RemoteFlight,
        *,
        partitions: int = 1,
        **selection: Unpack[Selection],
    ) -> pa.Table:
        """Return a flight as a table; the arguments are those of :meth:`stream`."""
        described = self._described(flight, partitions, selection)
        is_new = isinstance(flight, str)
        # All of it will be in memory, so that nothing has to wait.
        with self._stream(
            described, ordered=True, buffer_bytes=float("inf"), is_new=is_new
        ) as stream:
            return stream.read_all()

    def stream(
        self,
        flight: str | RemoteFlight,
        *,
        partitions: int = 1,
        ordered: bool = True,
        **selection: Unpack[Selection],
    ) -> Stream:
        """Return the batches of a flight, of a few megabytes each, as they come.

        Memory is bounded, whatever the flight's size: by about 64 MiB of batches
        that wait, and one or two of each part that is being read.

        Args:
            flight: Its path, or what :meth:`info` has returned, or a part of that:
                then nothing else is to be asked of it.
            partitions: Into how many parts to cut it. Eight of them are read at the same
                time, from all servers that have them.
            ordered: Whether the rows keep the flight's order; without it, no part
                waits for another.
            selection: ``columns``, ``filter``, ``limit`` and ``offset``, as
                :class:`~flightstream.client.Selection` has them.
        """
        described = self._described(flight, partitions, selection)
        return self._stream(
            described, ordered=ordered, buffer_bytes=BUFFER_BYTES, is_new=isinstance(flight, str)
        )

    def batches(
        self,
        flight: str | RemoteFlight,
        *,
        partitions: int = 1,
        ordered: bool = True,
        **selection: Unpack[Selection],
    ) -> Generator[pa.RecordBatch]:
        """Yield the batches of a flight; the arguments are those of :meth:`stream`."""
        with self.stream(flight, partitions=partitions, ordered=ordered, **selection) as stream:
            yield from stream

    def dataset(self, name: str, *, partitions: int = 1) -> "FlightDataset":
        """Return a flight as a ``pyarrow.dataset.Dataset``, which reads what is asked of it.

        DuckDB and polars take it for a table of their own: columns and filters of
        their queries go to the server as far as it can apply them, and the rest is
        done here, exactly. Nothing but the schema is read before.

        Args:
            name: The flight's path.
            partitions: Into how many parts each scan cuts it.

        Raises:
            NotFound: There is no such flight.
        """
        from flightstream.client.dataset import FlightDataset
        from flightstream.client.source import FlightSource

        return FlightDataset(FlightSource(self, self.info(name), partitions))

    def to_polars(self, name: str, *, partitions: int = 1) -> Any:
        """Return a flight as a ``polars.LazyFrame``, which reads what its query needs.

        Columns, limits and comparisons go to the server as far as it can apply them;
        the rows arrive as polars asks for them.

        Args:
            name: The flight's path.
            partitions: Into how many parts each scan cuts it.

        Raises:
            NotFound: There is no such flight.
            ConfigError: polars is not installed.
        """
        from flightstream.client.polars import lazy_frame

        return lazy_frame(self, self.info(name), partitions)

    def to_dask(self, name: str, *, partitions: int, **selection: Unpack[Selection]) -> Any:
        """Return a flight as a ``dask.dataframe.DataFrame``, each part of which is read by itself.

        Each worker reads its parts with a client of its own, which logs in as this one.

        Args:
            name: The flight's path.
            partitions: Into how many parts to cut it; a server may give fewer.
            selection: ``columns`` and ``filter``, as
                :class:`~flightstream.client.Selection` has them.

        Raises:
            NotFound: There is no such flight.
            ConfigError: dask is not installed.
        """
        from flightstream.client.dask import frame_of_parts

        return frame_of_parts(self, self.info(name, partitions=partitions, **selection))

    def query(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Stream:
        """Return the rows of one SELECT in which every flight is a table, as they come.

        It runs here, in an embedded DuckDB: ``pip install 'flightstream-core[duckdb]'``.
        The arguments and errors are those of :meth:`Session.query
        <flightstream.client.session.Session.query>`.
        """
        return self.session().query(sql, parameters)

    def session(self) -> "Session":
        """Return a session for queries over flights, and tables of your own beside them.

        Raises:
            ConfigError: DuckDB is not installed.
        """
        from flightstream.client.session import Session

        return Session(self)

    def action(self, name: str, body: bytes | Mapping[str, Any] | None = None) -> list[bytes]:
        """Run one of the server's actions and return its results; it is not tried again.

        Args:
            name: For example ``refresh`` or ``server-info``.
            body: Bytes, or what is sent as JSON.

        Raises:
            NotFound: The server has no such action.
            Unsupported: It has none at all.
            PermissionDenied: It needs a role.
        """
        sent = json.dumps(dict(body)).encode() if isinstance(body, Mapping) else body or b""
        self._check_asked()
        with lacking(f"{self._connections.uri} has no action {name!r}"):
            return self._connections.main.ask(
                lambda client, options: [
                    result.body.to_pybytes()
                    for result in client.do_action(flight.Action(name, sent), options)
                ]
            )

    def actions(self) -> dict[str, str]:
        """Return the names and descriptions of the server's actions."""
        with lacking(f"{self._connections.uri} lists no actions"):
            return self._ask(
                lambda client, options: {
                    action.type: action.description for action in client.list_actions(options)
                }
            )

    def close(self) -> None:
        """Close the connection; streams that are being read end."""
        self._halt.set()
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._connections.uri!r})"

    def _repr_html_(self) -> str:
        return html_client(self._connections.uri)

    def __reduce__(self) -> tuple[Any, ...]:
        connections = self._connections
        offline = None if self._keeper is None else self._keeper.offline
        return connected, (connections.uri, connections.access, connections.patience, offline)

    def _until(self, halt: Halt) -> "Client":
        """Return this client for calls that somebody else may end, as a task of asyncio."""
        return evolve(self, halt=self._halt.add(halt))

    def _ask(self, call: Callable[[Any, Any], T]) -> T:
        self._check_asked()
        return self._connections.ask(self._halt, call)

    def _check_asked(self) -> None:
        if self._keeper is not None and self._keeper.offline.only:
            raise self._keeper.refused()

    def _describe(self, name: str, partitions: int, selection: Selection) -> RemoteFlight:
        describer = Describer(self._connections, self._halt, self._keeper)
        return describer.describe(name, partitions, selection)

    def _described(
        self, flight: str | RemoteFlight, partitions: int, selection: Selection
    ) -> RemoteFlight:
        if not isinstance(flight, RemoteFlight):
            return self._describe(flight, partitions, selection)
        if selection or partitions != 1:
            raise InvalidCommand("what is asked of a flight is said once, when it is described")
        return flight

    def _stream(
        self, described: RemoteFlight, *, ordered: bool, buffer_bytes: float, is_new: bool
    ) -> Stream:
        halt = self._halt.add(Halt())
        if halt.is_set:
            raise closed()
        reading = Reading(self._connections, self._keeper, halt, ordered, buffer_bytes)
        return reading.stream(described, is_new=is_new)


def connected(
    uri: str,
    access: Access,
    patience: Patience,
    offline: Offline | None,
    on_event: Callable[[Event], object] | None = None,
) -> Client:
    """Return a client of a server; what :func:`connect` and a pickle have in common."""
    tell = Teller(on_event)
    connections = Connections(uri, access, patience, tell)
    keeper = None if offline is None else Keeper.of(offline, uri, access, tell)
    return Client(connections, Halt(), keeper)
