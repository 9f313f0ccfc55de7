"""A server that is killed, and what its clients have kept."""

import signal

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
