"""Logging in, grants, wrappers and observers, over the wire."""

import json
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight

from flightstream import (
    Action,
    Credentials,
    Flight,
    Grant,
    Identity,
    InvalidCommand,
    InvalidData,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    adapter,
    hookimpl,
    service,
)

STAFF = pa.table(
    {
        "name": ["ann", "bob", "cleo", "dan"],
        "team": ["red", "blue", "red", "blue"],
        "salary": [10, 20, 30, 40],
    }
)
ANN = {"authorization": "Bearer ann"}
BOB = {"authorization": "Bearer bob"}


@service
class Tokens:
    """Takes a bearer token for the name of who asks."""

    @hookimpl
    def authenticate(self, credentials):
        [value, *_] = credentials.headers.get("authorization", ("",))
        scheme, _, token = value.partition(" ")
        if scheme != "Bearer":
            return None
        if token == "old":
            raise Unauthenticated("the token has expired")
        return Identity(token, {"admin"} if token == "ann" else set())


@service
class Policy:
    """Ann sees everything; bob sees his team's names."""

    @hookimpl
    def authorize(self, identity, path, operation):
        if identity.subject == "ann":
            return None
        if operation == "action":
            if path == ("health",):
                raise PermissionDenied("no")
            return None
        if path[-1] != "staff":
            raise PermissionDenied("hidden")
        return Grant(columns={"name", "team"}, rows=["team = 'blue'"])


@pytest.fixture
def served(serve, memory):
    return serve(Tokens, Policy, memory({"staff": STAFF, "secret": STAFF}))


class TestAuthentication:
    @pytest.mark.parametrize(
        ("headers", "message"),
        [
            ({}, "the call brings no credentials that this server knows"),
            (
                {"authorization": "Basic YTpi"},
                "the call brings no credentials that this server knows",
            ),
            ({"authorization": "Bearer old"}, "the token has expired"),
        ],
    )
    def test_every_call_without_good_credentials_is_refused(self, served, headers, message):
        options = flight.FlightCallOptions(
            headers=[(name.encode(), value.encode()) for name, value in headers.items()]
        )
        path = flight.FlightDescriptor.for_path("s", "staff")
        raw = served.raw

        def exchange() -> Any:
            writer, reader = raw.do_exchange(path, options)
            with writer:
                reader.read_chunk()

        for call in (
            lambda: list(raw.list_flights(b"", options)),
            lambda: raw.get_flight_info(path, options),
            lambda: raw.do_get(flight.Ticket(b"s/staff"), options).read_all(),
            lambda: list(raw.do_action("health", options)),
            lambda: list(raw.list_actions(options)),
            lambda: raw.do_put(path, STAFF.schema, options)[0].close(),
            exchange,
        ):
            with pytest.raises(flight.FlightUnauthenticatedError) as caught:
                call()
            error = json.loads(caught.value.extra_info)
            assert (error["code"], error["message"]) == ("unauthenticated", message)
        with pytest.raises(pa.ArrowException, match=message):
            raw.get_schema(path, options)

    def test_a_plugin_sees_headers_as_sent_and_where_they_came_from(self, serve, memory):
        seen: list[Credentials] = []

        @service
        class Keeps:
            @hookimpl
            def authenticate(self, credentials):
                seen.append(credentials)
                return Identity("ann")

        served = serve(Keeps, memory({"staff": STAFF}))
        served.names(**{"authorization": "Bearer ann", "x-team": "red"})

        [credentials] = seen
        assert credentials.headers["authorization"] == ("Bearer ann",)
        assert credentials.headers["x-team"] == ("red",)
        assert credentials.peer.partition(":")[0] in ("ipv4", "ipv6")
        assert (credentials.peer_identity, credentials.transport) == ("", "flight")
        assert "ann" not in repr(credentials)


class TestGrants:
    def test_hidden_flights_are_not_listed(self, served):
        assert served.names(**ANN) == ["s/secret", "s/staff"]
        assert served.names(**BOB) == ["s/staff"]

    def test_a_hidden_flight_is_as_if_it_did_not_exist(self, served, refused):
        for call in (served.get, served.info):
            for name in (b"s/secret", b"secret"):
                hidden, missing = refused(call, name, **BOB), refused(call, b"s/gone", **BOB)
                assert hidden["message"] == f"there is no flight '{name.decode()}'"
                assert set(hidden) == set(missing)
                assert hidden["code"] == missing["code"] == "not_found"

    def test_only_granted_columns_and_rows_are_read(self, served):
        visible = STAFF.select(["name", "team"]).take([1, 3])

        assert served.get(b"s/staff", **ANN) == STAFF
        assert served.get(b"s/staff", **BOB) == visible
        assert served.get_all(b"s/staff", **BOB) == visible

    def test_the_schema_is_that_of_the_grant_wherever_it_is_told(self, served):
        path = flight.FlightDescriptor.for_path("s", "staff")
        options = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer bob")])
        visible = STAFF.schema.remove(2)

        assert served.info(b"staff", **ANN).schema == STAFF.schema
        assert served.info(b"staff", **BOB).schema == visible
        assert served.raw.get_schema(path, options).schema == visible
        [listed] = served.raw.list_flights(b"", options)
        assert listed.schema == visible

    @pytest.mark.parametrize(
        "rest",
        [
            {"columns": ["salary"]},
            {"filter": "salary > 25"},
            {"filter": "name = 'bob' AND salary > 25"},
        ],
    )
    def test_a_hidden_column_can_neither_be_read_nor_filtered_by(self, served, refused, rest):
        command = json.dumps({"flight": "s/staff", **rest}).encode()

        error = refused(served.get, command, **BOB)

        assert error["code"] == "invalid_command"
        assert "salary" in error["message"]
        assert "'name', 'team'" in error["message"]

    def test_limit_and_offset_count_visible_rows_only(self, served):
        command = b'{"flight": "s/staff", "limit": 1, "offset": 1}'

        assert served.get(command, **BOB).to_pylist() == [{"name": "dan", "team": "blue"}]

    def test_a_filter_sees_visible_rows_only(self, served):
        command = b'{"flight": "s/staff", "filter": "team = \'red\' OR name = \'bob\'"}'

        assert served.get(command, **BOB)["name"].to_pylist() == ["bob"]

    def test_totals_of_a_flight_with_hidden_rows_are_not_told(self, serve, memory):
        @adapter
        class Counted(memory({"staff": STAFF})):
            @hookimpl
            def list_flights(self):
                yield Flight("staff", version="1", total_records=4, total_bytes=99)

        served = serve(Tokens, Policy, Counted)
        options = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer bob")])
        [listed] = served.raw.list_flights(b"", options)
        info = served.info(b"staff", **BOB)

        assert (listed.total_records, listed.total_bytes) == (-1, -1)
        assert (info.total_records, info.total_bytes) == (-1, -1)
        assert served.info(b"staff", **ANN).total_records == 4

    def test_a_value_that_does_not_fit_is_told_only_to_who_sees_everything(
        self, serve, memory, refused
    ):
        @adapter
        class Broken(memory({"staff": STAFF})):
            @hookimpl
            def stream_batches(self, flight):
                yield STAFF.to_batches()[0]
                raise InvalidData("row 5: 'x9' is no int64", row=5, column="salary", value="x9")

        served = serve(Tokens, Policy, Broken)

        told = refused(served.get, b"s/staff", **ANN)
        hidden = refused(served.get, b"s/staff", **BOB)

        assert (told["code"], told["row"], told["value"]) == ("invalid_data", 5, "x9")
        assert {key: hidden[key] for key in hidden if key != "call"} == {
            "code": "invalid_data",
            "message": "the data does not fit its schema: the log of the server says where",
            "flight": "s/staff",
        }

    def test_a_file_without_a_schema_tells_no_value_to_who_may_not_see_all(
        self, serve, memory, refused
    ):
        @adapter
        class Broken(memory({"staff": STAFF})):
            @hookimpl
            def get_schema(self, flight):
                raise InvalidData("row 5: 'x9' is no int64", row=5, column="salary", value="x9")

        served = serve(Tokens, Policy, Broken)

        told = refused(served.info, b"staff", **ANN)
        hidden = refused(served.info, b"staff", **BOB)

        assert (told["code"], told["row"], told["value"]) == ("invalid_data", 5, "x9")
        assert {key: hidden[key] for key in hidden if key != "call"} == {
            "code": "invalid_data",
            "message": "the data does not fit its schema: the log of the server says where",
            "flight": "s/staff",
        }

    def test_all_columns_but_one_are_read_and_told_of(self, serve, memory, refused):
        @service
        class Hides:
            @hookimpl
            def authorize(self):
                return Grant(hidden={"salary"})

        served = serve(Hides, memory({"staff": STAFF}))
        visible = STAFF.drop_columns(["salary"])

        assert served.get_all(b"s/staff") == visible
        assert served.info(b"staff").schema == visible.schema
        path = flight.FlightDescriptor.for_path("s", "staff")
        assert served.raw.get_schema(path).schema == visible.schema
        [listed] = served.raw.list_flights(b"")
        assert listed.schema == visible.schema
        for rest in ({"columns": ["salary"]}, {"filter": "salary > 25"}):
            command = json.dumps({"flight": "s/staff", **rest}).encode()
            assert refused(served.get, command)["code"] == "invalid_command"

    def test_a_ticket_of_another_is_stale_not_a_key(self, served, refused):
        ticket = served.info(b"staff", **ANN).endpoints[0].ticket.ticket

        assert refused(served.get, ticket, **BOB)["code"] == "stale"
        assert refused(served.get, ticket)["code"] == "unauthenticated"


class TestActions:
    @pytest.fixture
    def served(self, serve, memory):
        @service
        class Offers:
            @hookimpl
            def list_actions(self):
                yield Action("whoami", "Say who asks", lambda who, body: [who.subject.encode()])
                yield Action("reload", "For admins", lambda who, body: [body], role="admin")

        return serve(Tokens, Policy, Offers, memory({"staff": STAFF}))

    def call(self, served: Any, name: str, headers: dict[str, str]) -> list[bytes]:
        options = flight.FlightCallOptions(
            headers=[(b"authorization", headers["authorization"].encode())]
        )
        action = flight.Action(name, b"body")
        return [r.body.to_pybytes() for r in served.raw.do_action(action, options)]

    def test_an_action_knows_who_asks(self, served):
        assert self.call(served, "whoami", ANN) == [b"ann"]
        assert self.call(served, "whoami", BOB) == [b"bob"]

    @pytest.mark.parametrize("name", ["reload", "health"])
    def test_an_action_that_is_not_allowed_is_refused(self, served, refused, name):
        assert self.call(served, name, ANN)

        error = refused(self.call, served, name, BOB)
        assert (error["code"], error["message"]) == (
            "permission_denied",
            f"the action {name!r} is not allowed to 'bob'",
        )

    def test_what_an_action_lists_is_what_the_identity_may_see(self, serve, memory):
        served = serve(Tokens, Policy, memory({"staff": STAFF, "secret": STAFF}))

        [answer] = self.call(served, "refresh-datasets", BOB)

        assert json.loads(answer)["datasets"] == ["s/staff"]


class TestObservers:
    def test_what_they_are_told_is_what_the_client_read(self, serve, memory, observer, until):
        plugin, records = observer
        served = serve(plugin, memory({"staff": STAFF}, batch_rows=3))

        batches = [c.data for c in served.raw.do_get(flight.Ticket(b"staff")) if c.data.num_rows]

        [record] = until(lambda: [r for r in records if r.method == "DoGet"])
        assert (record.rows, record.batches) == (4, len(batches)) == (4, 2)
        assert record.bytes == sum(batch.nbytes for batch in STAFF.to_batches(max_chunksize=3))
        assert (record.code, record.flight, record.source, record.adapter, record.subject) == (
            "ok",
            "s/staff",
            "s",
            "memory",
            "anonymous",
        )
        assert 0 < record.first_batch_seconds <= record.duration_seconds

    def test_every_call_is_told_once_with_its_code(self, serve, memory, observer):
        plugin, records = observer
        served = serve(plugin, memory({"staff": STAFF}))

        served.client.flights()
        served.client.schema("staff")
        served.client.actions()
        served.client.action("health")
        with pytest.raises(NotFound):
            served.client.read("gone")
        with pytest.raises(InvalidCommand):
            served.client.read("staff", columns=["?"])

        assert [(r.method, r.code, r.flight) for r in records] == [
            ("ListFlights", "ok", None),
            ("GetFlightInfo", "ok", "s/staff"),
            ("ListActions", "ok", None),
            ("DoAction", "ok", None),
            ("GetFlightInfo", "not_found", "gone"),
            ("GetFlightInfo", "invalid_command", "s/staff"),
        ]
        assert len({record.call for record in records}) == 6

    def test_who_asked_is_told_even_if_the_flight_is_hidden(self, serve, memory, observer, refused):
        plugin, records = observer
        served = serve(Tokens, Policy, plugin, memory({"secret": STAFF}))

        refused(served.get, b"s/secret", **BOB)
        refused(served.get, b"s/secret")

        assert [(r.code, r.subject, r.flight, r.source) for r in records] == [
            ("not_found", "bob", "s/secret", None),
            ("unauthenticated", None, None, None),
        ]
