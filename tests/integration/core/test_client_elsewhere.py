"""Servers of Flight that are not ours, and know nothing of commands or versions."""

import json
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import flight

import flightstream
from flightstream import InvalidCommand, NotFound, Unavailable, Unsupported

ROWS = pa.table({"n": range(100), "name": [f"row {n}" for n in range(100)]})


class Plain(flight.FlightServerBase):
    """As in Arrow's cookbook: tables by path, tickets that are names, errors of Python."""

    tables: ClassVar = {("rows",): ROWS, ("deep/rows",): ROWS.slice(50)}
    places: ClassVar = []
    breaks = tells_schema = False

    def _info(self, path):
        table = self.tables[path]
        endpoints = [flight.FlightEndpoint("/".join(path), self.places)]
        descriptor = flight.FlightDescriptor.for_path(*path)
        schema = table.schema if self.tells_schema else None
        return flight.FlightInfo(schema, descriptor, endpoints, -1, -1)

    def list_flights(self, context, criteria):
        return iter([self._info(path) for path in self.tables])

    def get_flight_info(self, context, descriptor):
        return self._info(tuple(part.decode() for part in descriptor.path))

    def do_get(self, context, ticket):
        table = self.tables[(ticket.ticket.decode(),)]
        if self.breaks:
            return flight.GeneratorStream(table.schema, self._breaking(table))
        return flight.RecordBatchStream(table)

    def _breaking(self, table):
        yield table.to_batches(max_chunksize=10)[0]
        raise flight.FlightUnavailableError("gone")


class Commanded(flight.FlightServerBase):
    """Knows commands that are names."""

    def get_flight_info(self, context, descriptor):
        if descriptor.command != b"rows":
            raise flight.FlightServerError("what is that?")
        endpoint = flight.FlightEndpoint("t", [])
        return flight.FlightInfo(ROWS.schema, descriptor, [endpoint], 100, -1)

    def do_get(self, context, ticket):
        return flight.RecordBatchStream(ROWS)


class Telling(flight.FlightServerBase):
    """Has tickets and says things beside its rows that look like ours."""

    told: ClassVar = {}

    def get_flight_info(self, context, descriptor):
        ticket = json.dumps({"flight": "rows", "version": "a1"})
        endpoint = flight.FlightEndpoint(ticket, [])
        return flight.FlightInfo(ROWS.schema, descriptor, [endpoint], -1, -1)

    def do_get(self, context, ticket):
        told = json.dumps(self.told).encode()
        batches = ((batch, told) for batch in ROWS.to_batches(max_chunksize=50))
        return flight.GeneratorStream(ROWS.schema, batches)


@pytest.fixture(params=[True, False], ids=["schema told", "no schema"])
def plain(request):
    with Plain("grpc://localhost:0") as server:
        server.tells_schema = request.param
        yield server


@pytest.fixture
def client(plain):
    with flightstream.connect(f"localhost:{plain.port}", backoff_seconds=0.01) as client:
        yield client


def test_a_flight_is_read_by_its_name(client):
    assert client.read("rows") == ROWS
    assert client.read("deep/rows") == ROWS.slice(50)
    assert client.schema("rows") == ROWS.schema
    assert [one.name for one in client.flights()] == ["rows", "deep/rows"]
    assert [one.name for one in client.flights("deep")] == ["deep/rows"]


@pytest.mark.parametrize("condition", ["n >= 90", pc.field("n") >= 90])
def test_what_the_server_cannot_do_is_done_here(client, condition):
    kept = ROWS.slice(90)
    assert client.read("rows", filter=condition, partitions=3) == kept
    assert client.read("rows", filter=condition, columns=["name"]) == kept.select(["name"])
    assert client.read("rows", filter=condition, offset=2, limit=3) == kept.slice(2, 3)


def test_mistakes_are_told(client):
    with pytest.raises(NotFound, match="does not know 'none'"):
        client.read("none")
    with pytest.raises(InvalidCommand, match="no column 'm'"):
        client.read("rows", columns=["m"])
    with pytest.raises(InvalidCommand, match="unknown column 'm'"):
        client.read("rows", filter="m > 1")


def test_what_the_server_lacks_is_told(plain, client):
    uri = f"grpc://localhost:{plain.port}"
    for call, lacks in [
        (lambda: client.action("server-info"), "has no action 'server-info'"),
        (lambda: client.explain("rows"), "has no action 'explain'"),
        (client.actions, "lists no actions"),
    ]:
        with pytest.raises(Unsupported) as caught:
            call()
        assert caught.value.message == f"{uri} {lacks}"


def test_no_traceback_of_the_server_is_in_an_error(client):
    with pytest.raises(NotFound) as caught:
        client.read("none")
    assert "Traceback" not in caught.value.message


def test_a_stream_that_breaks_cannot_go_on(plain, client):
    plain.breaks = True
    batches = client.batches("rows")
    assert next(batches).num_rows == 10
    with pytest.raises(Unavailable, match="gone"):
        next(batches)


def test_a_place_that_no_flight_client_can_reach_is_passed_over(plain, client):
    plain.places = ["https://example.org/x", "s3:/y", f"grpc://localhost:{plain.port}"]
    assert client.read("rows") == ROWS

    plain.places = plain.places[:2]
    with pytest.raises(Unsupported, match=r"'rows' is at https://example\.org/x, s3:/y alone"):
        client.read("rows")


def test_commands_may_be_names():
    with (
        Commanded("grpc://localhost:0") as server,
        flightstream.connect(f"localhost:{server.port}") as client,
    ):
        assert client.read("rows", limit=2) == ROWS.slice(0, 2)
        assert client.info("rows").total_records == 100


@pytest.mark.parametrize("told", [{}, {"rows": 50}, {"batch": 1, "total": 10}])
def test_what_is_told_beside_the_rows_is_no_summary_of_ours(told):
    with (
        Telling("grpc://localhost:0") as server,
        flightstream.connect(f"localhost:{server.port}") as client,
    ):
        server.told = told
        assert client.read("rows") == ROWS
