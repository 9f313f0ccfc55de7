"""What is kept, and what is read from it."""

import pyarrow as pa
import pytest

from flightstream import ConfigError

pytest_plugins = ["flightstream.testing"]


def test_what_was_read_whole_is_not_read_again(behind, world):
    server = behind()

    assert [server.read() for _ in range(3)] == [world.tables["t"]] * 3
    assert world.asked["t"] == 1


def test_what_is_kept_outlives_the_server(behind, world):
    behind().read()

    assert behind().read() == world.tables["t"]
    assert world.asked["t"] == 1


@pytest.mark.parametrize(
    "command",
    [
        {"columns": ("s",)},
        {"columns": ("s", "n")},
        {"filter": "n > 20"},
        {"filter": "n > 20", "columns": ("s",)},
        {"filter": "s = 'x1'", "columns": ("n",), "limit": 3, "offset": 1},
        {"limit": 4, "offset": 11},
        {"offset": 24},
        {"offset": 100},
        {"limit": 0},
    ],
    ids=str,
)
def test_less_is_read_from_what_is_kept_whole(behind, world, command):
    server = behind()
    server.read()

    less = server.read(**command)

    assert world.asked["t"] == 1
    assert less == behind(cache=False).read(**command)


@pytest.mark.parametrize("command", [{"filter": "n > 3"}, {"limit": 4}, {"offset": 3}], ids=str)
def test_what_is_read_in_part_passes_by(behind, world, command):
    server = behind()

    assert server.counts(**command) == {"cache_passes": 1}
    assert server.kept() == []


def test_columns_that_were_asked_for_are_kept_alone(behind, world):
    server = behind()

    tables = [server.read(columns=("s",)) for _ in range(2)]

    assert tables == [world.tables["t"].select(["s"])] * 2
    assert world.asked["t"] == 1
    assert server.read(columns=("s",), filter="s = 'x1'").num_rows == 5
    assert world.asked["t"] == 1
    assert server.read(columns=("s",), filter="n > 20").num_rows == 4  # n is not there
    assert world.asked["t"] == 2


def test_each_part_is_kept(behind, world):
    server = behind()
    parts = [(number, 3) for number in range(3)]

    for _ in range(2):
        tables = [server.read(partition=part) for part in parts]
        assert pa.concat_tables(tables) == world.tables["t"]

    assert world.asked["t"] == 3
    assert server.read(partition=(1, 3), offset=2, limit=3)["n"].to_pylist() == [12, 13, 14]
    assert world.asked["t"] == 3
    assert server.read(partition=(1, 3), filter="n > 15").num_rows == 4
    assert world.asked["t"] == 4


def test_another_version_is_read_anew(behind, world):
    server = behind()
    server.read()

    world.version, world.tables["t"] = "2", pa.table({"n": [7]})

    assert server.read() == pa.table({"n": [7]})
    assert world.asked["t"] == 2


def test_other_options_of_the_adapter_are_read_anew(behind, world):
    behind().read()

    behind(options={"shift": 1}).read()

    assert world.asked["t"] == 2


def test_a_flight_without_a_version_passes_by(behind, world):
    world.version = ""
    server = behind()

    assert server.read() == server.read() == world.tables["t"]
    assert (world.asked["t"], server.kept()) == (2, [])


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        (["s/*"], ["t"]),
        (["s/**"], ["a/t", "t"]),
        (["**/t"], ["a/t", "t"]),
        (["s/?"], ["t"]),
        (["other/**", "s/a/t"], ["a/t"]),
    ],
    ids=str,
)
def test_flights_are_chosen_by_patterns(behind, world, patterns, kept):
    world.tables["a/t"] = world.tables["t"]
    server = behind({"flights": patterns})

    for name in world.tables:
        server.read(name)
        server.read(name)

    assert sorted(name for name, times in world.asked.items() if times == 1) == kept


def test_what_was_skipped_is_told_each_time(behind, world):
    world.skipped_rows = 4
    server = behind()

    assert [server.told() for _ in range(2)] == [{"rows": 25, "skipped_rows": 4}] * 2
    assert server.counts() == {"cache_hits": 1, "skipped_rows": 4}
    # Nobody can tell how many of these rows.
    assert server.counts(columns=("s",)) == {"cache_misses": 1, "skipped_rows": 4}


def test_the_operator_is_told_of_hits_and_the_client_is_not(behind, world):
    server = behind()

    assert server.told() == {"rows": 25}
    assert server.counts() == {"cache_hits": 1}
    assert server.told() == {"rows": 25}


def test_dictionaries_are_kept_also_where_they_are_replaced(behind, world):
    column = pa.chunked_array(
        [pa.array(values).dictionary_encode() for values in (["a", "b"], ["c"], ["b", "a", None])]
    )
    world.tables["t"] = pa.table({"n": range(6), "d": column})
    server = behind()

    assert [server.read().to_pylist() for _ in range(2)] == [world.tables["t"].to_pylist()] * 2
    assert server.read(offset=3).to_pylist() == world.tables["t"].slice(3).to_pylist()
    assert server.read(columns=("n",)) == world.tables["t"].select(["n"])
    assert world.asked["t"] == 1


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720])
def test_a_folder_that_others_may_write_to_is_refused(behind, world, tmp_path, mode):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)

    with pytest.raises(ConfigError, match="chmod go-w"):
        behind(folder=tmp_path / "open")


def test_files_are_for_their_owner_alone(behind, world):
    server = behind()
    server.read()

    modes = [path.stat().st_mode & 0o777 for path in (server.folder, *server.kept())]
    assert modes == [0o700, 0o600]


def test_a_folder_that_is_none_is_refused(behind, world, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot be used"):
        behind(folder=tmp_path / "file")


def test_a_folder_that_is_gone_fails_no_stream(behind, world):
    server = behind()
    server.read()
    for path in server.kept():
        path.unlink()
    server.folder.rmdir()

    assert [server.read() for _ in range(2)] == [world.tables["t"]] * 2
    assert world.asked["t"] == 3
