"""The client's folder: what comes out of it is what went in whole, or nothing."""

import os
import time
from contextlib import closing, suppress

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flightstream.client.offline.folder import Folder
from flightstream.client.offline.label import Label

MAX_BYTES = 20_000
KEYS = st.sampled_from("abc")
TABLES = st.integers(0, 1500).map(lambda rows: pa.table({"n": range(rows), "s": ["x"] * rows}))
STEPS = st.one_of(
    st.tuples(st.sampled_from(["keep", "leave", "die"]), KEYS, TABLES),
    st.tuples(st.just("remove"), KEYS, st.none()),
    st.tuples(st.just("confirm"), KEYS, st.none()),
    st.tuples(st.just("cut"), KEYS, st.floats(0, 1, exclude_max=True)),
    st.tuples(st.just("flip"), KEYS, st.floats(0, 1, exclude_max=True)),
    st.tuples(st.just("rename"), KEYS, KEYS),
)


def label(key, table):
    return Label(
        key=key,
        flight=f"s/{key}",
        version=str(table.num_rows),
        total_records=table.num_rows,
        total_bytes=-1,
        adapter="csv",
        is_plain=False,
        tickets=["{}"],
        locations=[[]],
        counts=[{"skipped_rows": 1}],
    )


def write(folder, key, table, how="keep"):
    """Tell whether a table is kept now."""
    try:
        with closing(folder.writer(key, table.schema)) as writer:
            for batch in table.to_batches(max_chunksize=100):
                writer.write(batch)
            if how == "keep":
                folder.publish(writer, label(key, table))
            elif how == "die":
                half = writer.path.read_bytes()
    except OSError:
        return False
    if how == "die":
        writer.path.write_bytes(half)
    return how == "keep"


def damage(path, where, *, cuts):
    data = bytearray(path.read_bytes())
    position = int(where * len(data))
    if cuts:
        del data[position:]
    else:
        data[position] ^= 1
    path.unlink()  # whoever has it mapped keeps what was there
    path.write_bytes(data)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12))
def test_what_is_found_is_what_was_kept(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("offline")
    # Two of them, as in two processes.
    folders = [Folder(path, MAX_BYTES), Folder(path, MAX_BYTES)]
    kept = {}

    for number, (step, key, given_) in enumerate(steps):
        folder, file = folders[number % 2], path / f"{key}.arrows"
        match step:
            case "keep" | "leave" | "die":
                if write(folder, key, given_, step):
                    kept[key] = given_
                    assert folders[0].open(key) is not None
            case "remove":
                folder.remove(key)
                kept.pop(key, None)
            case "confirm":
                folder.confirm(key)
            case "rename" if given_ != key:
                with suppress(FileNotFoundError):
                    file.rename(path / f"{given_}.arrows")
                    kept.pop(given_, None)
            case "cut" | "flip" if file.exists():
                damage(file, given_, cuts=step == "cut")
                kept.pop(key, None)

        if step in ("keep", "leave"):
            assert sum(one.stat().st_size for one in path.glob("*.arrows")) <= MAX_BYTES
        for other in "abc":
            entry = folders[0].open(other)
            if entry is None:  # or it had to make room
                continue
            assert pa.Table.from_batches(entry.batches(), entry.schema) == kept[other]
            assert entry.label == label(other, kept[other])
            assert 0 <= entry.age_seconds < 60


def test_what_was_used_longest_ago_makes_room(tmp_path):
    folder = Folder(tmp_path, 25_000)
    table = pa.table({"n": range(1000)})  # 8 kB
    for key in "abc":
        assert write(folder, key, table) or key == "c"
        folder.open("a")

    assert write(folder, "d", table)
    assert [key for key in "abcd" if folder.open(key)] == ["a", "d"]


def test_what_an_ended_process_has_left_is_removed_in_time(tmp_path):
    (tmp_path / "a.1.part").write_bytes(b"half a fl")
    (tmp_path / "b.1.part").write_bytes(b"half a fl")
    os.utime(tmp_path / "a.1.part", (time.time(), time.time() - 3600))

    Folder(tmp_path, MAX_BYTES).prepare()

    assert [path.name for path in tmp_path.iterdir()] == ["b.1.part"]
