"""What is kept of one flight belongs together, by whatever name and for whatever it was asked."""

import pyarrow as pa
import pytest

import flightstream
from flightstream import Flight, NotFound, Unavailable, adapter, hookimpl

ROWS = pa.table({"n": range(1000), "name": [f"row {n}" for n in range(1000)]})
NAMES = ["rows", "s/rows"]
SELECTIONS = [{"columns": ["name"]}, {"filter": "n < 5"}, {}]


@pytest.fixture
def gone():
    """Names of flights that are served no more."""
    return set()


@pytest.fixture
def served(serve, memory, gone):
    @adapter
    class Serves(memory({"rows": ROWS, "other": ROWS})):
        @hookimpl
        def list_flights(self):
            for name in {"rows", "other"} - gone:
                yield Flight(name, version="1")

    return serve(Serves, listing_ttl_seconds=0)


@pytest.fixture
def client(served, tmp_path):
    uri = f"grpc://localhost:{served.server.port}"
    with flightstream.connect(uri, offline=tmp_path / "kept", attempts=1) as client:
        yield client


@pytest.mark.parametrize("asked", NAMES)
def test_what_is_gone_is_forgotten_whatever_was_asked_of_it(served, client, gone, asked):
    for selection in SELECTIONS:
        for name in [*NAMES, "other"]:
            client.read(name, **selection)
    gone.add("rows")
    with pytest.raises(NotFound):
        client.read(asked, limit=3)
    served.server.stop()

    for selection in SELECTIONS:
        for name in NAMES:
            with pytest.raises(Unavailable, match=f"'{name}' is not kept"):
                client.read(name, **selection)
    assert client.read("s/other") == ROWS


def test_what_is_gone_when_it_is_read_is_forgotten(served, client, gone):
    client.read("rows", columns=["name"])
    described = client.info("rows")
    gone.add("rows")
    with pytest.raises(NotFound):
        client.read(described)
    served.server.stop()

    with pytest.raises(Unavailable, match="'rows' is not kept"):
        client.read("rows", columns=["name"])


def test_a_flight_is_found_by_its_path_too(served, client):
    client.read("rows")
    client.read("other", columns=["n"])
    served.server.stop()

    assert client.read("s/rows") == ROWS
    assert client.read("s/other", columns=["n"]) == ROWS.select(["n"])
    [counted] = client.query("SELECT count(*) AS rows FROM s.rows").read_all().to_pylist()
    assert counted == {"rows": 1000}
