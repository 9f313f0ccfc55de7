"""Ways to read a flight or a file, each in a process of its own.

``python ways.py WAY ADDRESS NAME [PAUSE_SECONDS]`` reads once for each line on standard
input, and prints a line of JSON for it; the pause is after each batch.
"""

import ctypes
import io
import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import flight

import flightstream
from bench.processes import peak_bytes

_CLIENTS: dict[str, Any] = {}


def ours(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Read a flight with our client, which is kept."""
    client = _kept(address, lambda: flightstream.connect(address))
    return client.batches(name)


def first_batch(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Read the first batch, and leave."""
    client = _kept(address, lambda: flightstream.connect(address))
    with closing(client.batches(name)) as batches:
        yield next(batches)


def filtered(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Read two columns of a tenth of the rows."""
    client = _kept(address, lambda: flightstream.connect(address))
    return client.batches(name, columns=["id", "zone"], filter="distance < 0.1")


def pyarrow(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Read with pyarrow's own client as it is; the name is the ticket."""
    client = _kept(address, lambda: flight.connect(address))
    return (chunk.data for chunk in client.do_get(flight.Ticket(name)))


def pyarrow_tuned(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Read so after malloc was told to keep what it will need again."""
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(-3, 32 * 2**20)
    mallopt(-1, 256 * 2**20)
    return pyarrow(address, name)


def http_arrow(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Read an Arrow file while it is downloaded: after 8 bytes it is a stream."""
    with urllib.request.urlopen(f"{address}/{name}") as answer:
        answer.read(8)
        yield from pa.ipc.open_stream(answer)


def http_parquet(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Download a Parquet file, and decode it."""
    with urllib.request.urlopen(f"{address}/{name}") as answer:
        whole = answer.read()
    yield from pq.ParquetFile(io.BytesIO(whole)).iter_batches()


def roapi(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Ask roapi by SQL over HTTP for an Arrow stream."""
    asked = urllib.request.Request(
        f"{address}/api/sql",
        f"SELECT * FROM {name}".encode(),
        {"Accept": "application/vnd.apache.arrow.stream"},
    )
    with urllib.request.urlopen(asked) as answer:
        yield from pa.ipc.open_stream(answer)


def duckdb(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Let DuckDB read the file itself."""
    import duckdb

    path = Path(address, name)
    types = {"code": "VARCHAR", "pickup": "TIMESTAMP_S"}
    if path.suffix == ".csv":
        relation = duckdb.read_csv(str(path), dtype=types)
    else:
        relation = duckdb.read_parquet(str(path))
    return iter(relation.to_arrow_reader(32_768))


def duckdb_filtered(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Let DuckDB read the same as ``filtered``."""
    import duckdb

    relation = duckdb.read_parquet(str(Path(address, name)))
    return iter(relation.filter("distance < 0.1").project("id, zone").to_arrow_reader(32_768))


def polars(address: str, name: str) -> Iterator[pa.RecordBatch]:
    """Let polars read the file itself."""
    import polars

    path = Path(address, name)
    if path.suffix == ".csv":
        frame = polars.read_csv(path, schema_overrides={"code": polars.String})
    else:
        frame = polars.read_parquet(path)
    return iter(frame.to_arrow().to_batches())


def _kept(address: str, connect: Callable[[], Any]) -> Any:
    if address not in _CLIENTS:
        _CLIENTS[address] = connect()
    return _CLIENTS[address]


WAYS: Mapping[str, Callable[[str, str], Iterator[pa.RecordBatch]]] = {
    way.__name__: way
    for way in (
        ours,
        first_batch,
        filtered,
        pyarrow,
        pyarrow_tuned,
        http_arrow,
        http_parquet,
        roapi,
        duckdb,
        duckdb_filtered,
        polars,
    )
}


def read(batches: Iterator[pa.RecordBatch], began: float, pause: float) -> dict[str, float]:
    """Read to the end; return what there was, and how long it took."""
    rows = size = 0
    first = 0.0
    for batch in batches:
        first = first or time.perf_counter() - began
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if pause:
            time.sleep(pause)
    return {"rows": rows, "bytes": size, "first_batch_seconds": first}


def main(way: str, address: str, name: str, pause: float = 0.0) -> None:
    """Read whenever told to."""
    for _ in sys.stdin:
        began, worked = time.perf_counter(), time.process_time()
        told = read(WAYS[way](address, name), began, pause)
        told["seconds"] = time.perf_counter() - began
        told["cpu_seconds"] = time.process_time() - worked
        told["peak_bytes"] = peak_bytes(os.getpid())
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(float, sys.argv[4:]))
