"""Streams that are slow or end too soon."""

import time

import pytest
from unreliable import Unreliable

from flightstream import Unavailable
from flightstream.testing import FaultyAdapter, Subject

pytest_plugins = ["flightstream.testing"]


@pytest.fixture
def stream(registry, tmp_path):
    """Return a function that begins to read 4 batches of 8 rows."""

    def begin(**options):
        config = {
            "plugins": {"enabled": [], "unreliable": options},
            "sources": {"s": {"uri": str(tmp_path)}},
        }
        return Subject(registry(Unreliable, FaultyAdapter, config=config)).stream("numbers")

    return begin


def test_without_options_nothing_changes(stream):
    assert [n for batch in stream() for n in batch["n"].to_pylist()] == list(range(32))


@pytest.mark.parametrize("rows", [0, 5, 8, 31])
def test_a_stream_is_cut_after_exactly_as_many_rows(stream, rows):
    read = []
    with pytest.raises(Unavailable, match="cut off"):
        read.extend(batch.num_rows for batch in stream(cut_after_rows=rows))

    assert sum(read) == rows


@pytest.mark.parametrize("rows", [32, 33])
def test_a_stream_of_no_more_rows_is_whole(stream, rows):
    assert sum(batch.num_rows for batch in stream(cut_after_rows=rows)) == 32


def test_each_batch_is_held_back(stream):
    reader = stream(delay_seconds=0.1)
    started = time.monotonic()

    assert len(list(reader)) == 4
    assert time.monotonic() - started >= 0.4


def test_a_client_is_told_what_happened(serve, tmp_path):
    config = {"plugins": {"enabled": [], "unreliable": {"cut_after_rows": 5}}}
    client = serve(Unreliable, FaultyAdapter, tmp_path, config=config).client

    with pytest.raises(Unavailable, match="cut off"):
        client.read("numbers")
