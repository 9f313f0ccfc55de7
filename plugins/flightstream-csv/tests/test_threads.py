"""Many threads, readers that go away, and what is left behind."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import structlog
from flightstream_csv.layout import Layout, Layouts

from flightstream import InvalidData

ROWS = "".join(f'{number},{number}.5,"a, {number}"\n' for number in range(20_000))


def open_files(path: Path) -> int:
    links = (f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))
    return sum(os.path.realpath(link) == str(path) for link in links)


def test_threads_that_ask_at_once_infer_once(serve: Any) -> None:
    served = serve(f"a,b,c\n{ROWS}")
    together = threading.Barrier(8)

    def ask() -> pa.Schema:
        together.wait()
        return served.schema

    with structlog.testing.capture_logs() as logs, ThreadPoolExecutor(8) as pool:
        schemas = [future.result() for future in [pool.submit(ask) for _ in range(8)]]

    assert len({id(schema) for schema in schemas}) == 1
    assert [log["event"] for log in logs].count("csv_types_inferred") == 1


def test_failed_inference_is_told_to_each_thread_and_not_kept() -> None:
    layouts = Layouts()
    together = threading.Barrier(4)
    failures: list[InvalidData] = []

    def fail() -> Layout:
        raise InvalidData("no")

    def ask() -> None:
        together.wait()
        with pytest.raises(InvalidData) as caught:
            layouts.get("file", fail)
        failures.append(caught.value)

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(ask) for _ in range(4)]:
            future.result()

    assert len({id(failure) for failure in failures}) == 4
    assert layouts.known("file") is None


def test_least_recently_asked_layout_is_forgotten() -> None:
    layouts = Layouts(most=2)
    made: list[str] = []

    def ask(key: str) -> None:
        layouts.get(key, lambda: made.append(key))  # type: ignore[arg-type, return-value]

    for key in ("a", "b", "a", "c", "a", "b"):
        ask(key)

    assert made == ["a", "b", "c", "b"]


def test_scans_of_many_threads_read_the_same(serve: Any) -> None:
    served = serve(f"a,b,c\n{ROWS}", block_bytes=4_096)
    expected = served.read()

    with ThreadPoolExecutor(8) as pool:
        tables = [future.result() for future in [pool.submit(served.read) for _ in range(16)]]

    assert all(table.equals(expected) for table in tables)


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
@pytest.mark.parametrize("batches", [0, 1, 3])
def test_reader_that_goes_away_leaves_nothing_open(
    serve: Any, tmp_path: Path, batches: int, name: str
) -> None:
    import gzip

    content = f"a,b,c\n{ROWS}".encode()
    served = serve(
        gzip.compress(content) if name.endswith("gz") else content,
        name,
        block_bytes=4_096,
    )
    stream = served.batches()
    for _ in range(batches):
        next(stream)
    assert open_files(tmp_path / name) == bool(batches)

    stream.close()

    assert open_files(tmp_path / name) == 0
    assert served.read().num_rows == 20_000


def test_failed_scan_leaves_nothing_open(serve: Any, tmp_path: Path) -> None:
    served = serve(f"a,b,c\n{ROWS}x\n{ROWS}", block_bytes=4_096)

    with pytest.raises(InvalidData):
        served.read()

    assert open_files(tmp_path / "table.csv") == 0


def test_shutdown_during_a_scan_ends_it(serve: Any) -> None:
    from flightstream import Unavailable

    served = serve(f"a,b,c\n{ROWS}", block_bytes=4_096)
    stream = served.batches()
    next(stream)

    served.adapter.on_shutdown()

    with pytest.raises(Unavailable):
        list(stream)


def test_memory_of_a_scan_does_not_grow_with_the_file(serve: Any) -> None:
    served = serve(f"a,b,c\n{ROWS * 40}", block_bytes=2**18)
    served.ask()
    before, most = pa.total_allocated_bytes(), 0

    for _ in served.batches():
        most = max(most, pa.total_allocated_bytes() - before)

    assert most < 16 * 2**20
