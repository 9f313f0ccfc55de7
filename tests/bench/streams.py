"""How fast flights are read, beside the same work without a server: tox -e bench -- [MB].

Each pair of ways is run in turn, so that what else the machine does falls on
both; printed are the median and spread of the ratios, and the server's peak
memory. All processes share the machine.
"""

import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from pyarrow import flight

import flightstream

ROUNDS = 7
PROGRAM = Path(sysconfig.get_path("scripts"), "flightstream")

MEMORY_BATCH = """
import numpy as np
import pyarrow as pa

rng = np.random.default_rng(0)
BATCH = pa.record_batch({f"c{n}": rng.random(32_768) for n in range(11)})
BATCHES = 320
"""
RAW_SERVER = (
    MEMORY_BATCH
    + """
from pyarrow import flight

class Raw(flight.FlightServerBase):
    def do_get(self, context, ticket):
        return flight.GeneratorStream(BATCH.schema, (BATCH for _ in range(BATCHES)))

server = Raw("grpc://localhost:0")
print(server.port, flush=True)
input()
"""
)
MEMORY_ADAPTER = (
    MEMORY_BATCH
    + """
from flightstream import Flight, Source, adapter, hookimpl

@adapter
class MemoryAdapter:
    source: Source

    @hookimpl
    def list_flights(self):
        yield Flight("memory", version="1")

    @hookimpl
    def get_schema(self):
        return BATCH.schema

    @hookimpl
    def stream_batches(self):
        for _ in range(BATCHES):
            yield BATCH
"""
)


def main(megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = write_csv(folder / "large.csv", megabytes * 10**6)
        with serve(folder, folder) as (uri, pid), flightstream.connect(uri) as client:
            compare(
                f"{large / 1e6:.0f} MB of CSV",
                ("DoGet", lambda: drain(client.stream("large"))),
                ("read_csv", lambda: pacsv.read_csv(folder / "large.csv").num_rows),
                ("open_csv", lambda: drain(pacsv.open_csv(folder / "large.csv"))),
            )
            print(f"  the server's peak memory: {peak_bytes(pid) / 1e6:.0f} MB")
        (folder / "memory.py").write_text(MEMORY_ADAPTER)
        plugin = ("--plugin", "memory:MemoryAdapter")
        with (
            serve(folder, folder, *plugin) as (uri, _pid),
            flightstream.connect(uri) as client,
            raw_server() as raw,
        ):
            compare(
                "a flight in memory, batches of 2.9 MB",
                ("DoGet", lambda: drain(client.stream("memory"))),
                ("Arrow's own server", lambda: drain_raw(raw)),
            )


def compare(title: str, ours: tuple[str, Callable], *others: tuple[str, Callable]) -> None:
    """Print how long each way takes, and ours as a multiple of each other."""
    ways = [ours, *others]
    seconds: dict[str, list[float]] = {name: [] for name, _ in ways}
    for _ in range(ROUNDS):
        rows = set()
        for name, run in ways:
            began = time.perf_counter()
            rows.add(run())
            seconds[name].append(time.perf_counter() - began)
        assert len(rows) == 1, rows
    print(title)
    for name, taken in seconds.items():
        ratios = [a / b for a, b in zip(seconds[ours[0]], taken, strict=True)]
        beside = "" if name == ours[0] else f"; {ours[0]} takes {spread(ratios)} of that"
        print(f"  {name}: {spread(taken)} s{beside}")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def drain(batches: pa.RecordBatchReader) -> int:
    return sum(batch.num_rows for batch in batches)


def drain_raw(client: flight.FlightClient) -> int:
    return sum(chunk.data.num_rows for chunk in client.do_get(flight.Ticket(b"memory")))


def write_csv(path: Path, size: int) -> int:
    """Write a file of mixed columns; return its size in bytes."""
    rng = np.random.default_rng(7)
    rows, start = 100_000, np.datetime64("2024-01-01T00:00:00")
    zones = np.array(["Upper East", "Lower, West", 'Mid "town"', "JFK"])
    with path.open("wb") as file:
        while file.tell() < size:
            table = pa.table(
                {
                    "id": np.arange(rows),
                    "pickup": start + rng.integers(0, 10**7, rows).astype("timedelta64[s]"),
                    "distance": rng.random(rows).round(3),
                    "fare": (rng.random(rows) * 100).round(2),
                    "zone": zones[rng.integers(0, len(zones), rows)],
                    "code": np.char.zfill(rng.integers(0, 99_999, rows).astype(str), 5),
                    "shared": rng.random(rows) > 0.5,
                }
            )
            options = pacsv.WriteOptions(include_header=file.tell() == 0)
            pacsv.write_csv(table, file, options)
        return file.tell()


@contextmanager
def serve(folder: Path, *arguments: str | Path) -> Iterator[tuple[str, int]]:
    """Run a server in a folder; give its address and process."""
    command = [PROGRAM, "serve", *arguments, "--port", "0"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        uri = next(line.split()[-1] for line in process.stdout if " at grpc://" in line)
        yield uri, process.pid
        process.terminate()


@contextmanager
def raw_server() -> Iterator[flight.FlightClient]:
    command = [sys.executable, "-c", RAW_SERVER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        with flight.connect(f"grpc://localhost:{int(process.stdout.readline())}") as client:
            yield client
        process.kill()


def peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
