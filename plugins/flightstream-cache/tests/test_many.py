"""Many that ask at once, and some that leave."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pyarrow as pa
import pytest

from flightstream import Stale

pytest_plugins = ["flightstream.testing"]


def test_many_at_once_are_one_reading(behind, world):
    world.tables["t"] = pa.table({"n": range(3000)})
    world.wait_at = 500
    server = behind()

    with ThreadPoolExecutor(8) as pool:
        reads = [pool.submit(server.read) for _ in range(8)]
        assert world.waiting.wait(20)
        late = pool.submit(server.read)
        world.go_on.set()
        tables = [read.result(20) for read in (*reads, late)]

    assert tables == [world.tables["t"]] * 9
    assert world.asked["t"] == 1


def test_nobody_waits_for_a_client_that_has_stopped_reading(behind, world):
    server = behind()
    slow = iter(server.scan())
    first = next(slow)

    assert server.read() == world.tables["t"]
    assert pa.Table.from_batches([first, *slow]) == world.tables["t"]
    assert world.asked["t"] == 1


def test_others_go_on_where_the_first_leaves(behind, world):
    server = behind()
    first, second = iter(server.scan()), iter(server.scan())
    next(first), next(second)

    first.close()

    assert sum(batch.num_rows for batch in second) == 22
    assert server.read() == world.tables["t"]
    assert world.asked["t"] == 1


def test_nobody_waits_for_a_reading_that_hangs(behind, world):
    world.wait_at = 2
    server = behind()
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(server.read)
        assert world.waiting.wait(20)
        world.wait_at = None

        assert server.read() == world.tables["t"]

        world.go_on.set()
        assert hanging.result(20) == world.tables["t"]
    assert world.asked["t"] == 2


def test_what_nobody_reads_to_the_end_is_dropped(behind, world):
    server = behind()
    with closing(iter(server.scan())) as batches:
        next(batches)

    assert server.kept() == []
    assert server.counts() == {"cache_misses": 1}
    assert server.counts() == {"cache_hits": 1}


def test_what_changes_while_it_is_read_is_not_kept(behind, world):
    world.stale_at = 4
    server = behind()
    other = iter(server.scan())
    next(other)

    with pytest.raises(Stale):
        server.read()
    with pytest.raises(Stale):
        list(other)

    assert server.kept() == []
    world.stale_at = None
    assert server.read() == world.tables["t"]


@pytest.mark.parametrize("answer", [lambda: False, lambda: 1 / 0], ids=["no", "error"])
def test_what_is_not_surely_the_same_at_the_end_is_not_kept(behind, world, answer):
    server = behind()
    scan = server.scan()
    world.origin.is_unchanged = answer

    assert sum(batch.num_rows for batch in scan) == 25
    assert server.kept() == []


def test_who_is_behind_where_writing_ends_reads_for_itself(behind, world):
    world.tables["t"] = pa.table({"n": range(200_000)})
    world.batch_rows = 10_000
    server = behind({"max_bytes": "1 MiB"})
    behindhand = iter(server.scan())
    first = next(behindhand)

    assert server.read() == world.tables["t"]
    assert pa.Table.from_batches([first, *behindhand]) == world.tables["t"]
    assert server.kept() == []
    assert server.counts() == {"cache_passes": 1}  # it has been found to be too large
