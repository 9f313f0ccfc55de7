"""What a server holds on to: nothing that lasts, and little at a time."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import flightstream

ROOT = Path(__file__).parents[2]
MIB = 2**20


def memory_bytes(pid: int, field: str) -> int:
    """Return ``VmRSS`` or the peak, ``VmHWM``, of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_many_reads_leave_no_memory_and_no_files_behind(serve_process: Callable) -> None:
    server = serve_process(ROOT / "data")
    pid = server.process.pid
    with flightstream.connect(server.uri) as client:
        for _ in range(60):
            client.read("planes")
        files, memory = open_files(pid), memory_bytes(pid, "VmRSS")

        for _ in range(300):
            assert client.read("planes").num_rows == 3322

    assert open_files(pid) <= files
    assert memory_bytes(pid, "VmRSS") - memory < 48 * MIB  # a batch kept each time were 75


def test_a_slow_reader_of_a_large_file_costs_little(
    serve_process: Callable, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    block = b"".join(b"%d,%d.5,name %d,2024-01-01\n" % (n, n, n % 97) for n in range(100_000))
    with (data / "large.csv").open("wb") as file:
        file.write(b"id,value,name,day\n")
        while file.tell() < 400 * MIB:
            file.write(block)
    server = serve_process(data, env={"FLIGHTSTREAM__PLUGINS__ENABLED": '["csv"]'})

    rows = 0
    with flightstream.connect(server.uri) as client:
        for batch in client.stream("large"):
            rows += batch.num_rows
            time.sleep(0.005)  # slower than the server could be

    assert rows % 100_000 == 0
    assert rows > 10_000_000
    assert memory_bytes(server.process.pid, "VmHWM") < 300 * MIB


READER = """
import sys, time
import flightstream

with flightstream.connect(sys.argv[1]) as client:
    rows = 0
    for batch in client.batches("large", partitions=8, columns=["id", "half"]):
        rows += batch.num_rows
        time.sleep(0.002)  # slower than the server
status = open("/proc/self/status").read()
print(rows, next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1])
"""


def test_a_client_that_reads_a_large_flight_in_parts_holds_little_of_it(
    serve_process: Callable, tmp_path: Path
) -> None:
    data, rows = tmp_path / "data", 48_000_000
    data.mkdir()
    numbers = np.arange(rows // 48)
    block = pa.table({"id": numbers, "half": numbers / 2})
    with pq.ParquetWriter(data / "large.parquet", block.schema) as writer:
        for _ in range(48):
            writer.write_table(block)
    server = serve_process(data)

    done = subprocess.run(
        [sys.executable, "-c", READER, server.uri], capture_output=True, text=True, check=True
    )

    read, peak_kib = map(int, done.stdout.split())
    assert read == rows  # 730 MiB
    assert peak_kib * 1024 < 500 * MIB


def test_a_client_that_vanishes_leaves_no_file_open(serve_process: Callable) -> None:
    server = serve_process(ROOT / "data")
    pid = server.process.pid
    client = flightstream.connect(server.uri)
    client.read("airlines")
    idle = open_files(pid)
    streams = [client.stream("flights") for _ in range(5)]
    for stream in streams:
        stream.read_next_batch()
    assert open_files(pid) > idle

    for stream in streams:
        stream.close()
    del streams, stream

    deadline = time.monotonic() + 10
    while open_files(pid) > idle and time.monotonic() < deadline:
        time.sleep(0.01)
    assert open_files(pid) == idle
