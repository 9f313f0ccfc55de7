"""Policies of the configuration, in a real server with people who log in."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flightstream_auth import AuthPlugin
from flightstream_parquet import ParquetAdapter
from pyarrow import flight

import flightstream
from flightstream import ConfigError, InvalidCommand, NotFound
from flightstream.testing.serve import serving

pytest_plugins = ["flightstream.testing"]

SALES = pa.table(
    {
        "id": range(1000),
        "region": [("eu", "us", "apac")[n % 3] for n in range(1000)],
        "email": [f"{n}@example.com" for n in range(1000)],
        "card_number": [f"4000 {n}" for n in range(1000)],
    }
)
POLICIES = [
    {
        "roles": ["analyst"],
        "flights": ["sales/*"],
        "columns": {"deny": ["card_number"], "mask": {"email": "redact"}},
        "rows": "region = claims.region",
        "actions": ["explain"],
    },
    {"roles": ["auditor"], "flights": ["sales/**"], "actions": ["*"]},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def tokens(new_tokens, folder):
    return new_tokens(folder)


@pytest.fixture(scope="module")
def uri(tokens, folder):
    """A server that tests share, for they only read."""
    (folder / "sales").mkdir()
    (folder / "secret").mkdir()
    pq.write_table(SALES, folder / "sales" / "orders.parquet", row_group_size=100)
    pq.write_table(SALES, folder / "secret" / "orders.parquet")
    sources = {name: str(folder / name) for name in ("sales", "secret")}
    options = {"tokens": {"file": str(tokens.path)}, "policies": POLICIES}
    config = {"plugins": {"enabled": [], "auth": options}, "sources": sources}
    with serving(folder, AuthPlugin, ParquetAdapter, config=config) as served:
        yield served.uri


@pytest.fixture(scope="module")
def ada(uri, tokens):
    claims = '{ region = ["eu", "us"] }'
    token = tokens.add("ada", roles='["analyst"]', claims=claims)
    with flightstream.connect(uri, token=token) as client:
        yield client


@pytest.fixture(scope="module")
def grace(uri, tokens):
    with flightstream.connect(uri, token=tokens.add("grace", roles='["auditor"]')) as client:
        yield client


MASKED = ["***"] * 667
SEEN = SALES.filter(pa.compute.field("region") != "apac").drop(["card_number"])
SEEN = SEEN.set_column(2, "email", pa.array(MASKED))


def bearing(token):
    return flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])


class TestTwoRolesReadOneFlight:
    def test_they_get_their_rows_and_columns(self, ada, grace):
        assert grace.read("sales/orders") == SALES
        assert ada.read("sales/orders") == SEEN

    def test_they_get_their_schemas(self, ada, grace):
        assert grace.schema("sales/orders") == SALES.schema
        assert ada.schema("sales/orders") == SEEN.schema
        assert ada.info("sales/orders").schema == SEEN.schema

    def test_counts_are_told_only_to_who_sees_all_rows(self, ada, grace):
        assert grace.info("sales/orders").total_records == 1000
        assert ada.info("sales/orders").total_records == -1
        assert [one.total_records for one in ada.flights()] == [-1]

    def test_parts_are_those_rows_too(self, uri, tokens):
        claims = '{ region = "us" }'
        token = tokens.add("emmy", roles='["analyst"]', claims=claims)
        options = bearing(token)
        command = json.dumps({"flight": "sales/orders", "partitions": 4, "columns": ["id"]})
        with flight.connect(uri) as client:
            info = client.get_flight_info(
                flight.FlightDescriptor.for_command(command.encode()), options
            )
            parts = [client.do_get(one.ticket, options).read_all() for one in info.endpoints]

        assert len(parts) > 1
        assert pa.concat_tables(parts)["id"].to_pylist() == list(range(1, 1000, 3))

    def test_explain_tells_no_more(self, ada, grace):
        told = grace.explain("sales/orders", filter="card_number = '4000 5'")
        assert told["reads"]["row_groups"]
        told = ada.explain("sales/orders")

        assert told["columns"] == ["id", "region", "email"]
        assert not {"reads", "records", "partitions"} & told.keys()

    def test_a_hidden_column_is_as_one_that_is_not_there(self, ada):
        def refused(**command):
            with pytest.raises(InvalidCommand) as caught:
                ada.read("sales/orders", **command)
            return caught.value.message

        for name in ("card_number", "cart_number"):
            assert "card_number" not in refused(columns=["region", name]).replace(repr(name), "")
            assert "card_number" not in refused(filter=f"{name} = 'x'").replace(repr(name), "")

    def test_a_masked_column_is_filtered_as_it_is_seen(self, ada):
        assert ada.read("sales/orders", filter="email = '5@example.com'").num_rows == 0
        assert ada.read("sales/orders", filter="email = '***'") == SEEN

    def test_what_no_policy_is_about_is_not_there(self, ada, grace):
        for client in (ada, grace):
            assert [one.name for one in client.flights()] == ["sales/orders"]
            for ask in (client.info, client.read, client.schema, client.explain):
                with pytest.raises(NotFound):
                    ask("secret/orders")

    def test_a_ticket_of_another_identity_gives_its_bearer_no_more(self, uri, tokens):
        more = tokens.add("grace", roles='["auditor"]')
        less = tokens.add("eve", roles='["analyst"]', claims='{ region = "eu" }')
        path = flight.FlightDescriptor.for_path("sales", "orders")
        with flight.connect(uri) as client:
            [endpoint] = client.get_flight_info(path, bearing(more)).endpoints
            with pytest.raises(flight.FlightError) as caught:
                client.do_get(endpoint.ticket, bearing(less)).read_all()

        assert json.loads(caught.value.extra_info)["code"] == "stale"


def test_actions_need_a_policy(ada, grace):
    assert grace.action("server-info")
    with pytest.raises(flightstream.PermissionDenied):
        ada.action("server-info")


def test_who_lacks_a_claim_sees_nothing(uri, tokens):
    with flightstream.connect(uri, token=tokens.add("eve", roles='["analyst"]')) as client:
        assert list(client.flights()) == []
        with pytest.raises(NotFound):
            client.read("sales/orders")


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ({"flights": ["sales"]}, r"policies\[?.?0\]?.*write 'sales/\*\*' for a whole source"),
        ({"flights": ["**"], "rows": "region ="}, "policies"),
        ({"flights": ["**"], "colums": {}}, "colums"),
        ({"flights": ["**"], "columns": {"mask": {"email": "md5"}}}, "policies"),
    ],
)
def test_malformed_policy_stops_the_start(start, tokens, policy, problem):
    with pytest.raises(ConfigError, match=problem):
        start(tokens={"file": str(tokens.path)}, policies=[policy])
