"""Many readers of one flight at once: python tests/bench/readers.py [READERS [SLOW [MB]]].

Printed are how many failed or had wrong rows, the fastest and the slowest of those
that read as fast as they can, and the most memory that the server took. Slow ones
wait a twentieth of a second for each batch. All processes share the machine.
"""

import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.feather as feather
import pyarrow.parquet as pq
from attrs import frozen
from bench import processes

import flightstream

PAUSE_SECONDS = 0.05
PER_PROCESS = 25
BATCH_ROWS = 32_768
CONFIGURATION = """
[server.limits]
max_concurrent_scans = {readers}
max_buffered_bytes = "1 GiB"
queue_timeout_seconds = 600
"""


@frozen
class Reading:
    """What one reader had of a flight."""

    seconds: float
    rows: int
    total: int


def main(readers: int, slow: int, megabytes: int) -> None:
    rows = megabytes * 10**6 // 40
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configuration = CONFIGURATION.format(readers=readers + 10)
        for kind, write in WRITERS.items():
            data = folder / kind
            data.mkdir()
            write(data, rows)
            with processes.flightstream(folder, data, configuration=configuration) as server:
                at_first = server.peak_bytes()
                readings = read_all(server.address, f"{kind}/numbers", readers, slow)
                told(kind, readings, slow, rows)
                peak = server.peak_bytes()
            print(
                f"  the server's memory: {at_first / 1e6:.0f} MB at first, {peak / 1e6:.0f} at most"
            )


def told(kind: str, readings: list[Reading | str], slow: int, rows: int) -> None:
    """Print how the readers of one kind of data fared."""
    failed = [one for one in readings if isinstance(one, str)]
    right = (rows, rows * (rows - 1) // 2)
    wrong = [one for one in readings if isinstance(one, Reading) and (one.rows, one.total) != right]
    fast = sorted(one.seconds for one in readings[slow:] if isinstance(one, Reading))
    print(f"{kind}: {len(readings)} readers of {rows:,} rows, {slow} of them slow")
    print(f"  {len(failed)} failed, {len(wrong)} had wrong rows", *set(failed[:5]))
    ratio = fast[-1] / fast[0]
    print(f"  the fastest in {fast[0]:.1f} s, the slowest in {fast[-1]:.1f} s: {ratio:.2f} times")


def read_all(uri: str, flight: str, readers: int, slow: int) -> list[Reading | str]:
    """Let all readers begin together, in several processes; the slow ones come first."""
    pauses = [PAUSE_SECONDS if number < slow else 0.0 for number in range(readers)]
    shares = [pauses[start : start + PER_PROCESS] for start in range(0, readers, PER_PROCESS)]
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, ProcessPoolExecutor(len(shares), spawn) as pool:
        together = manager.Barrier(len(shares))
        futures = [pool.submit(read_some, uri, flight, share, together) for share in shares]
        return [reading for future in futures for reading in future.result()]


def read_some(
    uri: str, flight: str, pauses: list[float], together: threading.Barrier
) -> list[Reading | str]:
    """Read a flight as often as there are pauses, at once."""
    with ThreadPoolExecutor(len(pauses)) as threads:
        together.wait()
        return list(threads.map(lambda pause: read(uri, flight, pause), pauses))


def read(uri: str, flight: str, pause: float) -> Reading | str:
    """Read a flight to its end; return what went wrong if something did."""
    began = time.perf_counter()
    rows = total = 0
    try:
        with flightstream.connect(uri) as client:
            for batch in client.stream(flight):
                numbers = batch.column("number").to_numpy()
                rows, total = rows + len(numbers), total + int(numbers.sum())
                time.sleep(pause)
    except (flightstream.FlightStreamError, pa.ArrowException, OSError) as exc:
        return str(exc)
    return Reading(time.perf_counter() - began, rows, total)


def batches(rows: int) -> Iterator[pa.RecordBatch]:
    """Yield rows of about 40 bytes each, with numbers from 0 on."""
    rng = np.random.default_rng(7)
    for start in range(0, rows, BATCH_ROWS):
        count = min(BATCH_ROWS, rows - start)
        yield pa.record_batch(
            {
                "number": np.arange(start, start + count),
                "distance": rng.random(count).round(3),
                "fare": (rng.random(count) * 100).round(2),
                "code": np.char.zfill(rng.integers(0, 10**9, count).astype(str), 12),
            }
        )


def write_parquet(folder: Path, rows: int) -> None:
    first = next(batches(1))
    with pq.ParquetWriter(folder / "numbers.parquet", first.schema) as writer:
        for batch in batches(rows):
            writer.write_batch(batch, row_group_size=2**20)


def write_arrow(folder: Path, rows: int) -> None:
    feather.write_feather(
        pa.Table.from_batches(list(batches(rows))),
        folder / "numbers.arrow",
        compression="uncompressed",
        chunksize=BATCH_ROWS,
    )


def write_csv(folder: Path, rows: int) -> None:
    first = next(batches(1))
    with pacsv.CSVWriter(folder / "numbers.csv", first.schema) as writer:
        for batch in batches(rows):
            writer.write_batch(batch)


WRITERS = {"parquet": write_parquet, "arrow": write_arrow, "csv": write_csv}

if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*given, *(32, 0, 100)[len(given) :])
