"""Serve what a program has in memory: an adapter and a server in one process."""

from collections.abc import Iterator

import pyarrow as pa

from flightstream import Flight, Server, Source, adapter, connect, hookimpl

SQUARES = pa.table({"n": range(1000), "square": [n * n for n in range(1000)]})


@adapter
class MemoryAdapter:
    """Serves one table; its source is only a name."""

    source: Source

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        yield Flight("squares", version="1", total_records=SQUARES.num_rows)

    @hookimpl
    def get_schema(self) -> pa.Schema:
        return SQUARES.schema

    @hookimpl
    def stream_batches(self) -> Iterator[pa.RecordBatch]:
        yield from SQUARES.to_batches()


with Server(sources={"memory": "."}, plugins=[MemoryAdapter], port=0) as server:
    client = connect(f"grpc://localhost:{server.port}")
    print(client.read("squares", filter="square BETWEEN 90 AND 150").to_pylist())
