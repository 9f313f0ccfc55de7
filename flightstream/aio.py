"""The client for asyncio: ``async with flightstream.aio.connect("grpc://host:port") as client``.

The methods are those of :class:`flightstream.Client`, but for what reads lazily:
see :attr:`Client.blocking`. What blocks does so on threads of the client's own; a
task that is cancelled ends its call.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar, Unpack

import pyarrow as pa
from attrs import define, field

from flightstream import client as sync
from flightstream.client import RemoteFlight, Selection
from flightstream.client.halt import Halt

__all__ = ["Client", "Stream", "connect"]

T = TypeVar("T")

_THREADS = 64
_END = object()


@define(eq=False)
class _Threads:
    """Where calls wait; each is told when the task that waits for it is cancelled."""

    _pool: ThreadPoolExecutor = field(
        factory=lambda: ThreadPoolExecutor(_THREADS, "flightstream-aio"), init=False
    )

    async def run(self, call: Callable[[], T], halt: Halt) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except asyncio.CancelledError:
            halt.set()
            raise

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


@define(eq=False, repr=False)
class Stream:
    """The batches of a flight; the next one is fetched when it is asked for.

    .. versionadded:: 0.1
    """

    _stream: sync.Stream = field(alias="stream")
    _halt: Halt = field(alias="halt")
    _threads: _Threads = field(alias="threads")

    @property
    def schema(self) -> pa.Schema:
        """The schema of each batch."""
        return self._stream.schema

    @property
    def age_seconds(self) -> float | None:
        """Where the rows were kept, how long ago the server said that they are right."""
        return self._stream.age_seconds

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> pa.RecordBatch:
        batch = await self._run(lambda: next(self._stream, _END))
        if batch is _END:
            raise StopAsyncIteration
        return batch

    async def read_all(self) -> pa.Table:
        """Return what is left, as a table."""
        return await self._run(self._stream.read_all)

    async def to_pandas(self, **options: Any) -> Any:
        """Return what is left as a ``pandas.DataFrame``."""
        return await self._run(lambda: self._stream.to_pandas(**options))

    async def to_polars(self) -> Any:
        """Return what is left as a ``polars.DataFrame``."""
        return await self._run(self._stream.to_polars)

    async def aclose(self) -> None:
        """End it."""
        self._halt.set()
        await self._run(self._stream.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()

    async def _run(self, call: Callable[[], T]) -> T:
        return await self._threads.run(call, self._halt)


@define(eq=False, repr=False)
class Client:
    """A connection to one server; made by :func:`connect`.

    .. versionadded:: 0.1
    """

    _client: sync.Client = field(alias="client")
    _threads: _Threads = field(factory=_Threads, init=False)

    @property
    def blocking(self) -> sync.Client:
        """The same connection for what cannot wait in a loop.

        Datasets and lazy frames read where somebody asks them for rows, and so does a
        session that has tables of your own; give them to :func:`asyncio.to_thread`.
        """
        return self._client

    async def flights(self, prefix: str = "") -> list[RemoteFlight]:
        """Return the flights whose paths begin with a prefix."""
        return await self._call(lambda client: client.flights(prefix))

    async def info(
        self, name: str, *, partitions: int = 1, **selection: Unpack[Selection]
    ) -> RemoteFlight:
        """Return one flight, with the schema and tickets of what is asked of it."""
        return await self._call(
            lambda client: client.info(name, partitions=partitions, **selection)
        )

    async def explain(
        self, name: str, *, partitions: int = 1, **selection: Unpack[Selection]
    ) -> dict[str, Any]:
        """Return what a stream would read, and who does what of it, without reading."""
        return await self._call(
            lambda client: client.explain(name, partitions=partitions, **selection)
        )

    async def schema(self, name: str) -> pa.Schema:
        """Return a flight's schema."""
        return await self._call(lambda client: client.schema(name))

    async def read(
        self, flight: str | RemoteFlight, *, partitions: int = 1, **selection: Unpack[Selection]
    ) -> pa.Table:
        """Return a flight as a table."""
        return await self._call(
            lambda client: client.read(flight, partitions=partitions, **selection)
        )

    async def stream(
        self,
        flight: str | RemoteFlight,
        *,
        partitions: int = 1,
        ordered: bool = True,
        **selection: Unpack[Selection],
    ) -> Stream:
        """Return the batches of a flight, as they come."""
        halt = Halt()
        stream = await self._call(
            lambda client: client.stream(
                flight, partitions=partitions, ordered=ordered, **selection
            ),
            halt,
        )
        return Stream(stream, halt, self._threads)

    async def batches(
        self,
        flight: str | RemoteFlight,
        *,
        partitions: int = 1,
        ordered: bool = True,
        **selection: Unpack[Selection],
    ) -> AsyncGenerator[pa.RecordBatch]:
        """Yield the batches of a flight."""
        opened = self.stream(flight, partitions=partitions, ordered=ordered, **selection)
        async with await opened as stream:
            async for batch in stream:
                yield batch

    async def query(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Stream:
        """Return the rows of one SELECT in which every flight is a table, as they come."""
        halt = Halt()
        stream = await self._call(lambda client: client.query(sql, parameters), halt)
        return Stream(stream, halt, self._threads)

    async def action(self, name: str, body: bytes | Mapping[str, Any] | None = None) -> list[bytes]:
        """Run one of the server's actions and return its results."""
        return await self._call(lambda client: client.action(name, body))

    async def actions(self) -> dict[str, str]:
        """Return the names and descriptions of the server's actions."""
        return await self._call(lambda client: client.actions())

    async def close(self) -> None:
        """Close the connection; streams that are being read end."""
        self._client.close()
        self._threads.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"aio.{self._client!r}"

    async def _call(self, call: Callable[[sync.Client], T], halt: Halt | None = None) -> T:
        halt = Halt() if halt is None else halt
        client = self._client._until(halt)
        return await self._threads.run(lambda: call(client), halt)


def connect(uri: str, **arguments: Any) -> Client:
    """Connect to a server, as :func:`flightstream.connect` does.

    Args:
        uri: ``grpc://host:port``.
        arguments: Those of :func:`flightstream.connect`.
    """
    return Client(sync.connect(uri, **arguments))
