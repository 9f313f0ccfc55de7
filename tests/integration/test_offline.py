"""Servers and clients that are killed, and many at once: what is kept is whole."""

import json
import signal
import subprocess
import sys

import pyarrow as pa
import pytest

import flightstream
from flightstream import Unavailable


def test_a_server_that_is_killed_leaves_what_was_read_to_its_end(serve_process, toys, tmp_path):
    (toys / "toys" / "endless.toy").write_text(str(10**9))
    server = serve_process("toys", "--plugin", "toy:ToyAdapter", "--plugin", "toy:Ada")
    given = {"offline": tmp_path / "kept", "token": "s3cret", "attempts": 1}
    with flightstream.connect(server.uri, **given) as client:
        many = client.read("deep/many")
        cut = client.stream("endless")
        next(cut)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        with pytest.raises(Unavailable):
            for _ in cut:
                pass

        assert client.read("deep/many") == many
        assert client.read("deep/many", filter="id < 5", columns=["id"])["id"].to_pylist() == [
            *range(5)
        ]

    with flightstream.connect(server.uri, **given) as client:
        kept = client.stream("deep/many")
        assert kept.age_seconds >= 0
        assert pa.table(kept) == many
        with pytest.raises(Unavailable, match=r"'toys/endless' is not kept"):
            client.read("endless")
    assert not list((tmp_path / "kept").glob("*.part"))
    with (
        flightstream.connect(server.uri, **{**given, "token": "another"}) as client,
        pytest.raises(Unavailable, match=r"'deep/many' is not kept"),
    ):
        client.read("deep/many")


def started(program, server, folder):
    return subprocess.Popen(
        [sys.executable, "-c", program, server.uri, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_a_client_that_is_killed_leaves_nothing_to_be_read(toy_server, tmp_path):
    program = """
import sys, flightstream
stream = flightstream.connect(sys.argv[1], offline=sys.argv[2]).stream("deep/many")
next(stream)
print("reading", flush=True)
sys.stdin.read()
"""
    folder = tmp_path / "kept"
    with started(program, toy_server, folder) as client:
        assert client.stdout.readline() == b"reading\n"
        client.send_signal(signal.SIGKILL)
    assert list(folder.glob("*.part"))

    with flightstream.connect(toy_server.uri, offline=folder) as client:
        whole = client.stream("deep/many")
        assert whole.age_seconds is None
        assert whole.read_all().num_rows == 2500
        assert client.stream("deep/many").age_seconds is not None
        assert client.read("deep/many").num_rows == 2500


def test_many_clients_at_once(toy_server, tmp_path):
    program = """
import json, sys, flightstream
client = flightstream.connect(sys.argv[1], offline=sys.argv[2])
names = [("deep/many", limit) for limit in range(1, 15)]
print(json.dumps([client.read(name, limit=limit).num_rows for name, limit in names * 2]))
"""
    folder = tmp_path / "kept"
    running = [started(program, toy_server, folder) for _ in range(3)]
    told = [json.loads(client.communicate(timeout=100)[0]) for client in running]

    assert told == [[*range(1, 15)] * 2] * 3
    assert not list(folder.glob("*.part"))
