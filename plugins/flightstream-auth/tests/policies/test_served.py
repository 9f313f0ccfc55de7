"""Policies of a real server of Parquet files, asked by those who mean well and those who do not."""

import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import flight

import flightstream
from flightstream import Client, FlightStreamError, InvalidCommand, NotFound
from flightstream.testing.serve import Served, serving

KEY = "0123456789abcdef"
REGIONS = ["emea", "apac", "' OR TRUE --", None]
ROWS = [
    {
        "number": number,
        "region": REGIONS[number % 4],
        "email": f"user{number:04}@example.org",
        "card": f"4929-{number:04}",
    }
    for number in range(1000)
]
POLICIES = [
    {"flights": ["sales/secret"], "operations": []},
    {
        "roles": ["analyst"],
        "flights": ["sales/*"],
        "columns": {"deny": ["card"], "mask": {"email": {"kind": "sha256", "key": KEY}}},
        "rows": "region = claims.region",
        "actions": ["explain"],
    },
    {
        "roles": ["clerk"],
        "flights": ["sales/*"],
        "columns": {"mask": {"email": "redact", "number": "null"}},
        "actions": ["explain"],
    },
    {"subjects": ["ada"], "flights": ["**"], "actions": ["*"]},
]


@pytest.fixture(scope="module")
def served(guard: Any, tmp_path_factory: Any) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    for path in ("sales/orders", "sales/secret", "sales/deep/orders", "hr/staff"):
        file = folder / f"{path}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = pa.Table.from_pylist(ROWS)
        pq.write_table(rows.drop_columns("region") if "hr" in path else rows, file, 100)
    config = {
        "plugins": {"enabled": ["parquet"], "guard": {"policies": POLICIES}},
        "sources": {name: str(folder / name) for name in ("sales", "hr")},
    }
    with serving(tmp_path_factory.mktemp("log"), guard, config=config) as served:
        yield served


@pytest.fixture
def log_in(served: Served, as_token: Any) -> Iterator[Callable[..., Client]]:
    """Return a function that logs somebody in."""
    clients: list[Client] = []

    def log_in(subject: str, *roles: str, **claims: Any) -> Client:
        clients.append(flightstream.connect(served.uri, token=as_token(subject, *roles, **claims)))
        return clients[-1]

    yield log_in
    for client in clients:
        client.close()


@pytest.fixture
def analyst(log_in: Callable[..., Client]) -> Client:
    return log_in("ann", "analyst", region="emea")


def digest(email: str) -> str:
    return hmac.new(KEY.encode(), email.encode(), "sha256").hexdigest()


def seen(region: str) -> list[dict[str, Any]]:
    """Return what an analyst of a region sees."""
    return [
        {"number": row["number"], "region": region, "email": digest(row["email"])}
        for row in ROWS
        if row["region"] == region
    ]


FILTERS = {
    "number >= 500": lambda row: row["number"] >= 500,
    "number IN (0, 4, 5)": lambda row: row["number"] in (0, 4),
    f"email = '{digest('user0004@example.org')}'": lambda row: row["number"] == 4,
    "email = 'user0004@example.org'": lambda row: False,
    "email > 'user0500'": lambda row: False,
    "email LIKE '0%' AND number > 100": lambda row: row["email"][0] == "0" and row["number"] > 100,
    "email IS NOT NULL": lambda row: True,
    "region = 'apac' OR TRUE": lambda row: True,
    "region <> 'emea'": lambda row: False,
}


@pytest.mark.parametrize("rest", [{}, {"limit": 3}, {"offset": 240}, {"partitions": 4}])
@pytest.mark.parametrize("filter", [None, *FILTERS])
def test_an_analyst_sees_one_region_with_masked_addresses(analyst, filter, rest):
    command = rest | ({} if filter is None else {"filter": filter})
    expected = [row for row in seen("emea") if filter is None or FILTERS[filter](row)]
    first, limit = rest.get("offset", 0), rest.get("limit", len(expected))

    assert analyst.read("sales/orders", **command).to_pylist() == expected[first:][:limit]


def test_what_is_listed_is_what_may_be_read(log_in, analyst):
    assert [one.name for one in analyst.flights()] == ["sales/orders"]
    assert len(log_in("ada").flights()) == 3
    assert log_in("eve").flights() == log_in("eve", "boss").flights() == []


@pytest.mark.parametrize(
    "name",
    [
        "sales/secret", "secret", "sales/secret/", "/sales/secret", "sales//secret",
        "sales/./secret", "sales/orders/../secret", "sales/../sales/secret", "SALES/secret",
        "sales/Secret", "sales/secret.parquet", "sales%2Fsecret", "sales%2fsecret", "sales\\secret",
        "sales/secret\0", "sales/secret ", "sales/*", "sales/**", "*/secret", "hr/staff", "staff",
        "sales/../hr/staff", "sales/deep/orders", "deep/orders",
    ],
)  # fmt: skip
def test_no_way_of_writing_a_path_leads_round_a_policy(analyst, served, as_token, name):
    token = as_token("ann", "analyst", region="emea")
    options = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])
    raw = flight.FlightClient(served.uri)

    with pytest.raises(NotFound) as caught:
        analyst.read(name)
    for request in (name.encode(), json.dumps({"flight": name.split("/")}).encode()):
        with pytest.raises(flight.FlightServerError, match="there is no flight"):
            raw.do_get(flight.Ticket(request), options).read_all()
    with pytest.raises(flight.FlightServerError, match="there is no flight"):
        raw.get_flight_info(flight.FlightDescriptor.for_path("sales", f"../{name}"), options)
    assert caught.value.code == "not_found"
    raw.close()


@pytest.mark.parametrize("region", ["' OR TRUE --", ["' OR TRUE --"]])
def test_sql_in_a_claim_is_only_a_value(log_in, region):
    client = log_in("mal", "analyst", region=region)

    assert client.read("sales/orders").to_pylist() == seen("' OR TRUE --")


@pytest.mark.parametrize("region", ["emea' OR 'a' = 'a", "", "%", "emea\n", "region", [], ["x"]])
def test_a_claim_that_no_row_has_shows_no_row(log_in, region):
    assert log_in("mal", "analyst", region=region).read("sales/orders").num_rows == 0


@pytest.mark.parametrize("claims", [{}, {"region": None}, {"region": 1}, {"region": {"a": "emea"}}, {"region": [["emea"]]}, {"region": ["emea", 1]}, {"Region": "emea"}])  # fmt: skip
def test_a_claim_that_does_not_fit_denies_the_flight(log_in, claims):
    client = log_in("mal", "analyst", **claims)

    for call in (client.read, client.info, client.schema, client.explain):
        with pytest.raises(NotFound, match=r"^there is no flight 'sales/orders'$"):
            call("sales/orders")
    assert client.flights() == []  # its schema is known now


def test_a_denied_column_is_one_that_is_not_there(analyst):
    def told(**command: Any) -> str:
        with pytest.raises(InvalidCommand) as caught:
            analyst.read("sales/orders", **command)
        return caught.value.message

    there_are = "there are 'number', 'region', 'email'"
    for filter in ("card = '4929-0000'", "card > 1", "NOT card IS NULL", "email = '' OR card = ''"):
        assert told(filter=filter) == f"unknown column 'card': {there_are}"
    assert told(columns=["card"]) == f"there is no column 'card': {there_are}"
    for near in ("cards", "CARD", "car", "crad"):
        assert "'card'" not in told(filter=f"{near} = ''")
        assert "'card'" not in told(columns=[near])


def test_statistics_of_masked_columns_leave_nothing_out(log_in, analyst):
    clerk = log_in("carl", "clerk")
    everything = log_in("ada").explain("sales/orders", filter="email < 'user0100'")
    pruned = everything["reads"]["row_groups_pruned"]

    for filter in ("email = '***'", "email < 'user0100'", "number IS NULL", "number < 5"):
        told = clerk.explain("sales/orders", filter=filter)
        assert (told["reads"]["row_groups_pruned"], told["pushed_down"]["filter"]) == (0, None)
    assert clerk.read("sales/orders", filter="email = '***' AND number IS NULL").num_rows == 1000
    assert analyst.explain("sales/orders", filter="number < 5").keys().isdisjoint({"reads"})
    assert pruned > 0


def test_no_error_holds_a_hidden_value(log_in, analyst):
    clerk = log_in("carl", "clerk")
    told = []
    for client in (analyst, clerk):
        for filter in ("email > 1", "number = 'x'", "email LIKE number", "region = 1", "e = 1"):
            with pytest.raises(FlightStreamError) as caught:
                client.read("sales/orders", filter=filter)
            told.append(str(caught.value))

    assert not [text for text in told if "@example.org" in text or "4929" in text]


def test_a_ticket_of_somebody_else_is_stale(log_in, analyst, served, as_token):
    [ticket] = log_in("ada").info("sales/orders").tickets
    raw = flight.FlightClient(served.uri)

    for token in (
        as_token("ann", "analyst", region="emea"),
        as_token("ann", "analyst", region="apac"),
        as_token("carl", "clerk"),
    ):
        options = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])
        with pytest.raises(flight.FlightServerError) as caught:
            raw.do_get(flight.Ticket(ticket), options).read_all()
        assert json.loads(caught.value.extra_info)["code"] == "stale"
    raw.close()


def test_actions_are_for_those_whom_a_policy_names(log_in, analyst):
    assert log_in("ada").action("health")
    for client, action in (
        (analyst, "refresh"),
        (analyst, "server-info"),
        (log_in("eve"), "explain"),
    ):
        with pytest.raises(flightstream.PermissionDenied):
            client.action(action, b"sales/orders")


def test_who_may_read_may_not_write(log_in, served, as_token):
    raw = flight.FlightClient(served.uri)
    token = as_token("ada")
    options = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])
    descriptor = flight.FlightDescriptor.for_path("sales", "orders")

    with pytest.raises(flight.FlightServerError, match="there is no flight 'sales/orders'"):
        raw.do_put(descriptor, pa.schema([]), options)[0].close()
    raw.close()
