"""``bench``: how fast a flight is read."""

import json
import re

import pytest


def test_bench_shows_median_and_spread(toy_server, command):
    done = command("bench", "deep/many", "--uri", toy_server.uri)

    assert (done.returncode, done.stderr) == (0, "")
    title, *table = done.stdout.splitlines()
    assert re.fullmatch(r"toys/deep/many: 2,500 rows, \d\d\.\d kB of Arrow data, 5 readings", title)
    assert table[0].split() == ["median", "lowest", "highest"]
    for line, name in zip(
        table[1:], ["rows/s", "MB/s", "first batch (ms)", "all (ms)"], strict=True
    ):
        assert line.startswith(name)
        middle, lowest, highest = (
            float(text.replace(",", "")) for text in line.removeprefix(name).split()
        )
        assert lowest <= middle <= highest


def test_bench_as_json(toy_server, command):
    asked = ("--columns", "id", "--where", "id < 100", "-n", "3", "--partitions", "2")
    done = command("bench", "deep/many", *asked, "--json", "--uri", toy_server.uri)

    found = json.loads(done.stdout)
    assert found["flight"] == "toys/deep/many"
    assert [(one["rows"], one["bytes"]) for one in found["readings"]] == [(100, 800)] * 3
    for one in found["readings"]:
        assert 0 < one["first_batch_seconds"] <= one["seconds"]
    speeds = sorted(one["rows"] / one["seconds"] for one in found["readings"])
    spread = found["rows_per_second"]
    assert [spread[name] for name in ("lowest", "median", "highest")] == pytest.approx(speeds)
    assert found["megabytes_per_second"]["median"] == pytest.approx(speeds[1] * 8 / 1e6)
    assert found["seconds"].keys() == found["first_batch_seconds"].keys() == spread.keys()


def test_bench_of_no_rows(toy_server, command):
    done = command("bench", "none", "-n", "1", "--json", "--uri", toy_server.uri)

    (reading,) = json.loads(done.stdout)["readings"]
    assert reading["rows"] == 0
    assert reading["first_batch_seconds"] == reading["seconds"]


def test_what_is_reported_at_each_reading_is_told_once(toys, serve_process, command):
    (toys / "toys" / "skipping.toy").write_text("3")
    server = serve_process("toys", "--plugin", "toy:ToyAdapter")
    done = command("bench", "skipping", "--uri", server.uri)

    assert done.stderr == "note: the server reports of 'toys/skipping': skipped_rows 1\n"


def test_a_flight_that_is_not_there_is_one_line(toy_server, command):
    done = command("bench", "nope", "--uri", toy_server.uri)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "flightstream: there is no flight 'nope'\n"
