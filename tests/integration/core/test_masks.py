"""Masked columns, and rows that do not fit, over the wire."""

import json
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight

from flightstream import Flight, Grant, Identity, InvalidData, Mask, adapter, hookimpl, service

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
        return Identity(credentials.headers["authorization"][0].removeprefix("Bearer "))


@service
class Masks:
    """Ann sees everything; of salaries, bob sees digests, and only in rows over 15."""

    @hookimpl
    def authorize(self, identity):
        masks = {"salary": Mask("sha256", key="k"), "name": Mask("redact")}
        return Grant() if identity.subject == "ann" else Grant(masks=masks)


@service
class Rows:
    @hookimpl
    def authorize(self, identity):
        return Grant(rows=["salary > 15 AND name <> 'dan'"])


@service
class MisfitRows:
    @hookimpl
    def authorize(self, identity, path):
        return None if identity.subject == "ann" else Grant(rows=["bonus > 1"])


class TestMasks:
    MASKED = STAFF.set_column(
        2, "salary", Mask("sha256", key="k").apply(STAFF["salary"].combine_chunks())
    ).set_column(0, "name", pa.array(["***"] * 4))

    def test_masked_columns_are_the_same_wherever_they_are_told_of(self, serve, memory):
        noted = STAFF.replace_schema_metadata({"pandas": "salary"})
        field = noted.schema.field("salary").with_metadata({"greatest": "40"}).with_nullable(False)
        noted = noted.cast(noted.schema.set(2, field))
        served = serve(Tokens, Masks, memory({"staff": noted}, pushes=["columns"]))
        path = flight.FlightDescriptor.for_path("s", "staff")
        options = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer bob")])
        masked = pa.field("salary", pa.string(), nullable=False)

        read = served.get_all(b"s/staff", **BOB)

        assert served.get_all(b"s/staff", **ANN).schema.equals(noted.schema, check_metadata=True)
        assert read.to_pylist() == self.MASKED.to_pylist()
        [listed] = served.raw.list_flights(b"", options)
        schemas = [
            read.schema,
            listed.schema,
            served.info(b"staff", **BOB).schema,
            served.raw.get_schema(path, options).schema,
        ]
        expected = self.MASKED.schema.set(2, masked)
        assert [one.equals(expected, check_metadata=True) for one in schemas] == [True] * 4

    def test_a_filter_sees_masked_values_only(self, serve, memory, refused):
        served = serve(Tokens, Masks, memory({"staff": STAFF}))
        known = self.MASKED["salary"][2].as_py()

        def read(rows: str) -> pa.Table:
            command = json.dumps({"flight": "s/staff", "columns": ["team"], "filter": rows})
            return served.get(command.encode(), **BOB)["team"].to_pylist()

        assert read(f"salary = '{known}'") == ["red"]
        assert read("salary LIKE '3%' AND salary < '3a'") == [
            row["team"] for row in self.MASKED.to_pylist() if "3" <= row["salary"] < "3a"
        ]
        assert read("name = '***'") == STAFF["team"].to_pylist()
        assert read("name = 'ann'") == []
        assert refused(read, "salary > 25")["code"] == "invalid_command"

    def test_rows_of_a_grant_see_the_values_themselves(self, serve, memory):
        served = serve(Tokens, Masks, Rows, memory({"staff": STAFF}))
        command = b'{"flight": "s/staff", "filter": "name = \'***\'", "offset": 1}'

        assert served.get(b"s/staff", **BOB) == self.MASKED.slice(1, 2)
        assert served.get(command, **BOB) == self.MASKED.slice(2, 1)
        assert served.info(b"s/staff", **BOB).total_records == -1

    def test_masks_leave_counts_as_they_are(self, serve, memory):
        @adapter
        class Counted(memory({"staff": STAFF})):
            @hookimpl
            def list_flights(self):
                yield Flight("staff", version="1", total_records=4, total_bytes=99)

        info = serve(Tokens, Masks, Counted).info(b"staff", **BOB)

        assert (info.total_records, info.total_bytes) == (4, 99)

    def test_a_value_that_does_not_fit_is_not_told_to_who_sees_masks(self, serve, memory, refused):
        @adapter
        class Broken(memory({"staff": STAFF})):
            @hookimpl
            def stream_batches(self, flight):
                yield STAFF.to_batches()[0]
                raise InvalidData("row 5: 'x9' is no int64", row=5, column="salary", value="x9")

        error = refused(serve(Tokens, Masks, Broken).get, b"s/staff", **BOB)

        assert (error["code"], error.keys() & {"row", "value"}) == ("invalid_data", set())
        assert "x9" not in str(error)

    def test_a_ticket_of_another_is_stale(self, serve, memory, refused):
        served = serve(Tokens, Masks, memory({"staff": STAFF}))
        ticket = served.info(b"staff", **ANN).endpoints[0].ticket.ticket

        assert refused(served.get, ticket, **BOB)["code"] == "stale"


def test_a_flight_that_rows_do_not_fit_is_as_if_it_did_not_exist(serve, memory, refused):
    served = serve(Tokens, MisfitRows, memory({"staff": STAFF}))
    path = flight.FlightDescriptor.for_path("s", "staff")
    options = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer bob")])

    def explain(name: bytes, **headers: str) -> Any:
        return list(served.raw.do_action(flight.Action("explain", name), options))

    for call in (served.get, served.info, explain):
        for name in (b"s/staff", b"staff"):
            hidden, missing = refused(call, name, **BOB), refused(call, b"s/gone", **BOB)
            assert hidden["message"] == f"there is no flight '{name.decode()}'"
            assert set(hidden) == set(missing)
            assert hidden["code"] == missing["code"] == "not_found"
            assert hidden.get("flight") in (None, name.decode())
    with pytest.raises(pa.ArrowException, match="there is no flight 's/staff'"):
        served.raw.get_schema(path, options)
    error = refused(lambda: served.raw.do_put(path, STAFF.schema, options)[0].close())
    assert error["code"] == "not_found"
    assert served.names(**BOB) == []
    assert served.get(b"s/staff", **ANN) == STAFF
