"""A disk that is full, and a budget that is."""

import os
import resource
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest

pytest_plugins = ["flightstream.testing"]

LARGE = pa.table({"n": range(100_000)})  # 800 kB


@pytest.fixture
def full_disk(tmp_path: Path):
    """A disk of 256 KiB."""
    (tmp_path / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", tmp_path / "disk"]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk is mounted here: run as root, in a container with SYS_ADMIN")
    yield tmp_path / "disk"
    subprocess.run(["umount", "-l", tmp_path / "disk"], check=True)


@pytest.fixture
def file_limit():
    """Let no file become larger than 256 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def check_that_nothing_fails(server, world, captured_logs):
    world.tables["large"], world.batch_rows = LARGE, 5_000
    behindhand = iter(server.scan("large"))
    first = next(behindhand)

    assert [server.read("large") for _ in range(2)] == [LARGE] * 2
    assert pa.Table.from_batches([first, *behindhand]) == LARGE
    assert [line["event"] for line in captured_logs if line["log_level"] == "warning"] == [
        "cache_not_kept"
    ]
    assert server.kept() == []
    assert [server.read(), server.read()] == [world.tables["t"]] * 2
    assert world.asked["t"] == 1


def test_a_full_disk_fails_no_stream(behind, world, full_disk, captured_logs):
    check_that_nothing_fails(behind(folder=full_disk), world, captured_logs)


def test_a_file_that_may_not_grow_fails_no_stream(behind, world, file_limit, captured_logs):
    check_that_nothing_fails(behind(), world, captured_logs)


def test_what_was_used_longest_ago_makes_room(behind, world):
    world.batch_rows = 100_000
    for name in "abc":
        world.tables[name] = pa.table({"n": range(50_000)})  # 400 kB
    server = behind({"max_bytes": "1 MiB"})
    server.read("a")
    server.read("b")
    server.read("a")

    server.read("c")

    assert sum(path.stat().st_size for path in server.kept()) <= 2**20
    world.asked.clear()
    for name in "ac":
        server.read(name)
    assert not world.asked
    server.read("b")
    assert world.asked == {"b": 1}


def test_a_smaller_budget_counts_from_the_start(behind, world):
    world.tables["large"], world.batch_rows = pa.table({"n": range(200_000)}), 50_000
    first = behind()
    first.read("large")
    first.read()

    assert len(behind({"max_bytes": "1 MiB"}).kept()) == 1


def test_what_an_ended_process_has_left_is_removed(behind, world):
    server = behind()
    (server.folder / f"{'0' * 64}.part").write_bytes(b"half a fl")

    assert behind().kept() == []


def test_what_another_process_writes_is_left_alone(behind, world):
    server, other = behind(), behind()  # a lock holds between two files of one process, too
    writing = iter(server.scan())
    next(writing)

    assert other.counts() == {"cache_passes": 1}
    assert [os.path.splitext(path)[1] for path in behind().kept()] == [".part"]
    list(writing)
    assert other.counts() == {"cache_hits": 1}
