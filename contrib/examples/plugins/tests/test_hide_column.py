"""A column that only those with a role see."""

import pyarrow as pa
import pytest
from hide_column import HideColumn
from pyarrow import flight

from flightstream import Identity, InvalidCommand, hookimpl, service
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]


@service
class Roles:
    """Believes whoever names a role. For a test."""

    @hookimpl
    def authenticate(self, credentials):
        return Identity("someone", credentials.headers.get("role", ()))


@pytest.fixture
def served(serve, tmp_path):
    """Serve the sources ``kept`` and ``open``, and hide ``name`` in one of them."""
    hide = {"flights": "kept/*", "column": "name", "role": "staff"}
    sources = {name: {"uri": str(tmp_path)} for name in ("kept", "open")}
    config = {"plugins": {"enabled": [], "hide_column": hide}, "sources": sources}
    return serve(Roles, HideColumn, FaultyAdapter, config=config)


def test_others_do_not_see_the_column(served):
    client = served.client

    assert client.read("kept/numbers").column_names == ["n"]
    assert client.info("kept/numbers").schema == pa.schema({"n": pa.int64()})
    for rest in ({"columns": ["name"]}, {"filter": "name = 'name 1'"}):
        with pytest.raises(InvalidCommand, match="'name'"):
            client.read("kept/numbers", **rest)


def test_other_flights_are_whole(served):
    assert served.client.read("open/numbers").column_names == ["n", "name"]


def test_those_with_the_role_see_it(served):
    options = flight.FlightCallOptions(headers=[(b"role", b"staff")])

    with flight.connect(served.uri) as client:
        table = client.do_get(flight.Ticket(b"kept/numbers"), options).read_all()

    assert table.column_names == ["n", "name"]
