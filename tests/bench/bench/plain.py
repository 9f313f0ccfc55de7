"""The server that somebody would write by hand for each kind of file, with pyarrow alone.

It does what is known to make each of them fast, and nothing else: no listing, no
selection, no checks. ``python plain.py`` prints its port.
"""

import json
import queue
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from pyarrow import flight

from bench.data import BATCH_ROWS, SCHEMA
from bench.memory import BATCH, BATCHES, ROW

_BLOCK_BYTES = 2 * 2**20
_IN_FLIGHT = 4


class Plain(flight.FlightServerBase):
    """Gives what a ticket names: ``{"kind": …, "path": …}``."""

    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> object:
        """Stream a file, or what is in memory."""
        wanted = json.loads(ticket.ticket)
        schema, batches = _KINDS[wanted["kind"]](wanted["path"])
        return flight.GeneratorStream(schema, batches)

    def get_flight_info(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Answer with one endpoint."""
        ticket = json.dumps({"kind": "row", "path": ""}).encode()
        endpoint = flight.FlightEndpoint(ticket, [])
        return flight.FlightInfo(ROW.schema, descriptor, [endpoint], 1, -1)


_Read = tuple[pa.Schema, Iterator[pa.RecordBatch]]


def _row(path: str) -> _Read:
    return ROW.schema, iter([ROW])


def _memory(path: str) -> _Read:
    return BATCH.schema, (BATCH for _ in range(BATCHES))


def _arrow(path: str) -> _Read:
    reader = pa.ipc.open_file(pa.memory_map(path))
    return reader.schema, (reader.get_batch(n) for n in range(reader.num_record_batches))


def _csv(path: str) -> _Read:
    return SCHEMA, _csv_batches(Path(path))


def _csv_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as file, ThreadPoolExecutor(2) as pool:
        file.readline()
        parsed: deque[Future[pa.Table]] = deque()
        rest = b""
        while block := file.read(_BLOCK_BYTES):
            end = block.rfind(b"\n") + 1
            parsed.append(pool.submit(_parse, rest + block[:end]))
            rest = block[end:]
            if len(parsed) >= _IN_FLIGHT:
                yield from parsed.popleft().result().to_batches()
        for table in parsed:
            yield from table.result().to_batches()


def _parse(block: bytes) -> pa.Table:
    return pacsv.read_csv(
        pa.BufferReader(block),
        pacsv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=SCHEMA.names),
        convert_options=pacsv.ConvertOptions(column_types=SCHEMA),
    )


def _parquet(path: str) -> _Read:
    file = pq.ParquetFile(path)
    return file.schema_arrow, _ahead(file.iter_batches(BATCH_ROWS, use_threads=False))


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    waiting: queue.Queue[pa.RecordBatch | None] = queue.Queue(_IN_FLIGHT)

    def fill() -> None:
        for one in batches:
            waiting.put(one)
        waiting.put(None)

    threading.Thread(target=fill, daemon=True).start()
    while (taken := waiting.get()) is not None:
        yield taken


_KINDS = {"row": _row, "memory": _memory, "arrow": _arrow, "csv": _csv, "parquet": _parquet}

if __name__ == "__main__":
    server = Plain("grpc://localhost:0")
    print(server.port, flush=True)
    server.wait()
