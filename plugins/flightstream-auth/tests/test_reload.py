"""Policies and logins that change while the server runs."""

import signal
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flightstream_auth import AuthPlugin
from flightstream_parquet import ParquetAdapter
from pyarrow import flight

import flightstream
from flightstream import NotFound, Unauthenticated

pytest_plugins = ["flightstream.testing"]

DEADLINE_SECONDS = 30.0
ORDERS = pa.table({"id": [1, 2, 3], "card_number": ["a", "b", "c"]})
KEY = "k" * 32


@pytest.fixture
def configure(make_config, tokens, tmp_path):
    """Return a function that writes the configuration, with these options of the plugin."""
    (tmp_path / "sales").mkdir()
    pq.write_table(ORDERS, tmp_path / "sales" / "orders.parquet")

    def write(**options) -> Path:
        given = {"tokens": {"file": str(tokens.path)}, **options}
        return make_config(
            sources={"sales": {"uri": str(tmp_path / "sales")}},
            plugins={"enabled": [], "auth": given},
        )

    return write


@pytest.fixture
def served(serve, configure):
    return serve(AuthPlugin, ParquetAdapter, config=configure(policies=[allow()]))


def allow(**more) -> dict:
    return {"roles": ["analyst"], "flights": ["sales/**"], **more}


def reload(server) -> str:
    """Send SIGHUP, and return how it ended."""

    def ended() -> list[str]:
        events = [line["event"] for line in server.log_lines()]
        return [event for event in events if event in ("reloaded", "reload_refused")]

    before, deadline = len(ended()), time.monotonic() + DEADLINE_SECONDS
    server.process.send_signal(signal.SIGHUP)
    while len(ended()) == before:
        assert time.monotonic() < deadline, server.log_text()
        time.sleep(0.01)
    return ended()[-1]


def test_other_policies_hold_for_the_next_call(served, configure, tokens):
    with flightstream.connect(served.uri, token=tokens.add("ada", roles='["analyst"]')) as ada:
        assert ada.read("orders") == ORDERS

        configure(policies=[allow(columns={"deny": ["card_number"]})])
        assert reload(served.server) == "reloaded"
        assert ada.read("orders") == ORDERS.select(["id"])

        configure(policies=[allow(rows="id > 1")])
        assert reload(served.server) == "reloaded"
        assert ada.read("orders") == ORDERS.slice(1)

        configure(policies=[{"roles": ["auditor"], "flights": ["sales/**"]}])
        assert reload(served.server) == "reloaded"
        with pytest.raises(NotFound):
            ada.read("orders")


def test_policies_that_are_wrong_leave_the_old_ones(served, configure, tokens):
    with flightstream.connect(served.uri, token=tokens.add("ada", roles='["analyst"]')) as ada:
        configure(policies=[allow(rows="id >")])
        assert reload(served.server) == "reload_refused"
        assert ada.read("orders") == ORDERS


@pytest.mark.parametrize("key", [None, KEY])
def test_a_login_outlasts_other_policies_where_its_key_is_configured(serve, configure, users, key):
    basic = {"file": str(users), **({"key": key} if key else {})}
    served = serve(AuthPlugin, ParquetAdapter, config=configure(basic=basic, policies=[allow()]))
    with flight.connect(served.uri) as client:
        _, header = client.authenticate_basic_token("ada", "countess")
    with flightstream.connect(served.uri, token=header.decode().split()[1]) as ada:
        assert ada.read("orders") == ORDERS

        configure(basic=basic, policies=[allow(rows="id > 1")])
        assert reload(served.server) == "reloaded"
        if key is None:
            with pytest.raises(Unauthenticated):
                ada.read("orders")
        else:
            assert ada.read("orders") == ORDERS.slice(1)
