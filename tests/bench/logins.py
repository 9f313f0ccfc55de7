"""What 10,000 bad logins cost a good client of the same address: python tests/bench/logins.py.

An authenticator that takes 30 ms to judge a token stands for a password hash. Rounds with
and without the guesses follow one another, so that what else the machine does falls on both;
printed are the median and spread of their ratios, and the server's memory. All processes
share the machine, so the guessing client takes time from the good one wherever it guesses:
with as many guesses at a second server it is measured, too, how much that is.
"""

import signal
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import flight

GUESSES = 10_000
ROUNDS = 20
PROGRAM = Path(sysconfig.get_path("scripts"), "flightstream")

PLUGINS = """
import hashlib
from flightstream import Flight, Identity, Source, Unauthenticated, adapter, hookimpl, service
import numpy as np
import pyarrow as pa

BATCH = pa.record_batch({f"c{n}": np.random.default_rng(n).random(32_768) for n in range(8)})


@service
class Slow:
    @hookimpl
    def authenticate(self, credentials):
        [token] = credentials.headers.get("authorization", ("",))
        if token == "Bearer good":
            return Identity("ada")
        hashlib.pbkdf2_hmac("sha256", token.encode(), b"salt", 50_000)  # about 30 ms
        raise Unauthenticated("no such token")


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
        for _ in range(40):
            yield BATCH
"""
GUESSING = """
import sys
from concurrent.futures import ThreadPoolExecutor
import pyarrow as pa
from pyarrow import flight

uri, times, at_once = sys.argv[1], int(sys.argv[2]), 16
client = flight.connect(uri)

def guess(first):
    for number in range(first, times, at_once):
        options = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer %d" % number)])
        try:
            client.do_get(flight.Ticket(b"memory"), options).read_all()
        except pa.ArrowException:
            pass

print("ready", flush=True)
with ThreadPoolExecutor(at_once) as pool:
    list(pool.map(guess, range(at_once)))
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "both.py").write_text(PLUGINS)
        with serve(folder) as (uri, pid), serve(folder) as (elsewhere, _pid):
            client = flight.connect(uri)
            compare("small calls", client, 200, small, uri, elsewhere)
            compare("streams of 84 MB", client, 3, stream, uri, elsewhere)
            before = memory_bytes(pid)
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", GUESSING, uri, str(GUESSES)], check=True)
            seconds = time.perf_counter() - began
            grown = (memory_bytes(pid) - before) / 1e6
            print(
                f"{GUESSES} more in {seconds:.1f} s: VmRSS {before / 1e6:.0f} MB, {grown:+.1f} MB"
            )


def compare(
    title: str, client: flight.FlightClient, times: int, call: Callable, uri: str, elsewhere: str
) -> None:
    """Print how much longer calls take beside guesses, here and at another server."""
    for _ in range(times):
        call(client)
    with guessing(uri) as here, guessing(elsewhere) as there:
        rounds = []
        for _ in range(ROUNDS):
            seconds = [timed(client, times, call)]
            for process in (here, there):
                process.send_signal(signal.SIGCONT)
                seconds.append(timed(client, times, call))
                process.send_signal(signal.SIGSTOP)
            rounds.append(seconds)
    print(title)
    print(f"  beside guesses: {spread([b / a for a, b, _ in rounds])} of the time without")
    print(f"  and of the time beside guesses elsewhere: {spread([b / c for _, b, c in rounds])}")


def timed(client: flight.FlightClient, times: int, call: Callable) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call(client)
    return time.perf_counter() - began


OPTIONS = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer good")])


def small(client: flight.FlightClient) -> None:
    client.get_flight_info(flight.FlightDescriptor.for_path("memory"), OPTIONS)


def stream(client: flight.FlightClient) -> pa.Table:
    return client.do_get(flight.Ticket(b"memory"), OPTIONS).read_all()


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


@contextmanager
def guessing(uri: str) -> Iterator[subprocess.Popen[str]]:
    """Run a client that guesses without an end, and stands still at first."""
    command = [sys.executable, "-c", GUESSING, uri, str(10**9)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        yield process
        process.kill()


@contextmanager
def serve(folder: Path) -> Iterator[tuple[str, int]]:
    """Run a server; give its address and process."""
    plugins = ("--plugin", "both:Slow", "--plugin", "both:MemoryAdapter")
    command = [PROGRAM, "serve", folder, *plugins, "--port", "0"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        yield (
            next(line.split()[-1] for line in process.stdout if " at grpc://" in line),
            process.pid,
        )
        process.terminate()


def memory_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
