"""A file that is not as it was written is read anew, and no wrong row is served."""

import os
import time

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest_plugins = ["flightstream.testing"]

fast = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rewrite(path, content):
    """Change a file in place, so that its time of change is another."""
    before = path.stat().st_mtime_ns
    while path.stat().st_mtime_ns == before:
        path.write_bytes(content)
        time.sleep(0.001)


@pytest.fixture
def tables(world):
    world.tables["t"] = pa.table(
        {
            "n": range(25),
            "s": [f"x{i % 4}" if i % 5 else None for i in range(25)],
            "d": pa.array(["a", "b", "c", None, "e"] * 5).dictionary_encode(),
        }
    )
    return world.tables


@fast
@given(data=st.data())
def test_any_damage_is_found(behind, tables, tmp_path_factory, data):
    server = behind(folder=tmp_path_factory.mktemp("damage") / "cache")
    server.read()
    (path,) = server.kept()
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1), "at")
    kind = data.draw(st.sampled_from(["flip", "cut", "add", "zero", "move"]))
    bad = {
        "flip": good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :],
        "cut": good[:at],
        "add": good + b"x" * (at + 1),
        "zero": good[:at] + bytes(len(good) - at),
        "move": good[at:] + good[:at],
    }[kind]
    rewrite(path, bad)

    assert server.read(columns=("n", "s")) == tables["t"].select(["n", "s"])
    assert server.read().to_pylist() == tables["t"].to_pylist()
    assert server.read().to_pylist() == tables["t"].to_pylist()


def test_damage_in_the_middle_of_a_stream_is_found(behind, world):
    server = behind()
    server.read()
    (path,) = server.kept()
    good = path.read_bytes()
    # Byte by byte: in whichever block it is, those before it were given out.
    for at in range(0, len(good), 37):
        server.read()
        (path,) = server.kept()
        rewrite(path, good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert server.read() == world.tables["t"], at


def test_the_file_of_something_else_is_not_taken(behind, world):
    world.tables["other"] = pa.table({"n": range(25), "s": ["no"] * 25})
    server = behind()
    server.read("other")
    (other,) = server.kept()
    server.read()
    (path,) = set(server.kept()) - {other}

    os.replace(other, path)

    assert server.read() == world.tables["t"]


def test_a_file_that_is_removed_is_still_read_by_who_has_it(behind, world):
    server = behind()
    server.read()
    batches = iter(server.scan())
    first = next(batches)

    (path,) = server.kept()
    path.unlink()

    assert pa.Table.from_batches([first, *batches]) == world.tables["t"]
    assert world.asked["t"] == 1
