"""Each RPC, as pyarrow's own client sees it."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from textwrap import dedent

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import flight

import flightstream
from flightstream import Flight, LimitExceeded, NotFound, adapter, hookimpl

REPOSITORY = Path(flightstream.__file__).parents[1]
ORDERS = pa.table({"id": [1, 2, 3, 4, 5], "city": ["Oslo", "Rome", None, "Bonn", "Oslo"]})
TABLES = {"orders": ORDERS, "2024/orders": ORDERS.slice(1), "empty": ORDERS.slice(0, 0)}
NAMES = ["s/2024/orders", "s/empty", "s/orders"]


@pytest.fixture
def served(serve, memory):
    return serve(memory(TABLES))


HANDSHAKES = """
    import sys
    from pyarrow import flight

    class Hello(flight.ClientAuthHandler):
        def authenticate(self, outgoing, incoming):
            if said:
                outgoing.write(said)

        def get_token(self):
            return b""

    for said in [b"hello", b""] * 50:
        with flight.connect(sys.argv[1]) as client:
            client.authenticate(Hello())
            assert len(list(client.list_flights())) == 3
"""


def test_handshake_is_open_while_no_plugin_authenticates(served):
    """In a process of its own, for Arrow aborts a client whose handshake ends too early."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(HANDSHAKES), f"grpc://localhost:{served.server.port}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_handshake_with_basic_credentials_is_open_too(served):
    assert served.raw.authenticate_basic_token("ann", "pw") == (b"", b"")


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        (b"", NAMES),
        (b"s", NAMES),
        (b"s/", NAMES),
        (b"/", NAMES),
        (b"s/2024", ["s/2024/orders"]),
        (b"s/orders", ["s/orders"]),
        (b"s/ord", []),
        (b"t", []),
    ],
)
def test_list_flights_gives_those_below_a_path(served, criteria, found):
    assert served.names(criteria) == found


def test_list_flights_has_a_schema_only_once_it_is_known(served):
    def schema():
        [info] = served.raw.list_flights(b"s/orders")
        return info.schema

    assert schema() is None
    served.info(("s", "orders"))
    assert schema() == ORDERS.schema


@pytest.mark.parametrize(
    "request_",
    [
        ("s", "orders"),
        ("s/orders",),
        ("orders",),
        b"s/orders",
        b"orders",
        b'{"flight": "s/orders"}',
        b'{"dataset": "orders"}',
        b'{"table": "s/orders"}',
        b'{"path": ["s", "orders"]}',
    ],
)
def test_get_flight_info_takes_paths_commands_and_bare_names(served, request_):
    info = served.info(request_)

    assert info.schema == ORDERS.schema
    assert info.descriptor.path == [b"s", b"orders"]
    assert (info.total_records, info.total_bytes, info.ordered) == (-1, -1, False)
    assert json.loads(info.app_metadata) == {"adapter": "memory"}
    [endpoint] = info.endpoints
    assert endpoint.locations == []
    ticket = json.loads(endpoint.ticket.ticket)
    assert ticket == {"flight": "s/orders", "version": ticket["version"]}
    assert served.get(endpoint.ticket.ticket) == ORDERS


def test_totals_of_the_adapter_are_told_for_the_whole_flight_only(serve, memory):
    @adapter
    class Counted(memory(TABLES)):
        @hookimpl
        def list_flights(self):
            yield Flight("orders", version="1", total_records=5, total_bytes=99)

    served = serve(Counted)

    def totals(**command):
        info = served.info(json.dumps({"flight": "orders", **command}).encode())
        return info.total_records, info.total_bytes

    assert totals() == totals(columns=["id"]) == (5, 99)
    assert totals(limit=2) == totals(offset=1) == totals(filter="id > 1") == (-1, 99)


def test_get_schema_is_that_of_the_command(served):
    command = b'{"flight": "orders", "columns": ["city"]}'
    whole = served.raw.get_schema(flight.FlightDescriptor.for_path("s", "orders"))
    part = served.raw.get_schema(flight.FlightDescriptor.for_command(command))

    assert whole.schema == ORDERS.schema
    assert part.schema == pa.schema([("city", pa.string())])


@pytest.mark.parametrize(
    "command", [b"nothing", b'{"flight": "orders", "filter": "fare > 1"}', b"\xff", b"{"]
)
def test_a_failing_get_schema_shows_nothing_of_the_server(served, command):
    with pytest.raises(pa.ArrowException) as caught:
        served.raw.get_schema(flight.FlightDescriptor.for_command(command))

    text = str(caught.value) + repr(getattr(caught.value, "extra_info", b""))
    assert str(REPOSITORY) not in text
    assert "site-packages" not in text
    assert sysconfig.get_path("stdlib") not in text
    assert '.py"' not in text


@pytest.mark.parametrize(
    ("ticket", "table"),
    [
        (b"s/orders", ORDERS),
        (b"orders", ORDERS),
        (b'{"flight": "s/orders"}', ORDERS),
        (b'{"flight": "s/orders", "columns": ["city", "id"]}', ORDERS.select(["city", "id"])),
        (b'{"flight": "s/orders", "limit": 2, "offset": 1}', ORDERS.slice(1, 2)),
        (b'{"flight": "s/orders", "limit": 0}', ORDERS.slice(0, 0)),
        (b'{"flight": "s/orders", "offset": 99}', ORDERS.slice(0, 0)),
        (b'{"flight": "s/orders", "filter": "city = \'Oslo\'"}', ORDERS.take([0, 4])),
        (
            b'{"flight": "s/orders", "filter": "city IS NOT NULL", "offset": 1, "limit": 2}',
            ORDERS.take([1, 3]),
        ),
        (b"s/empty", ORDERS.slice(0, 0)),
    ],
)
def test_do_get_reads_a_ticket_or_a_name(served, ticket, table):
    assert served.get(ticket) == table


def test_a_command_without_columns_still_counts_rows(served):
    table = served.get(b'{"flight": "s/orders", "columns": []}')

    assert (table.num_columns, table.num_rows) == (0, 5)


def test_the_last_message_says_how_many_rows_there_were(served):
    chunks = list(served.raw.do_get(flight.Ticket(b"s/orders")))

    assert [chunk.data.num_rows for chunk in chunks] == [2, 2, 1, 0]
    assert [chunk.app_metadata for chunk in chunks[:-1]] == [None] * 3
    assert json.loads(chunks[-1].app_metadata.to_pybytes()) == {"rows": 5}


def test_batches_are_cut_to_size(serve, memory):
    table = pa.table({"x": range(100_000)})
    served = serve(memory({"wide": table}, batch_rows=100_000), batch_bytes="64 KiB")

    chunks = [c.data for c in served.raw.do_get(flight.Ticket(b"wide")) if c.data.num_rows]

    assert pa.Table.from_batches(chunks) == table
    assert len(chunks) > 6
    assert max(chunk.nbytes for chunk in chunks) <= 128 * 1024


def test_a_row_that_is_too_large_to_send_is_an_error(serve, memory, refused):
    table = pa.table({"x": ["small", "x" * 70_000]})
    served = serve(memory({"t": table}), max_send_message_bytes="64 KiB", batch_bytes="64 KiB")

    assert refused(served.get, b"t")["message"] == (
        "a row of 70004 bytes is larger than the server may send (64 KiB): ask for fewer columns"
    )


WORDS = pa.dictionary(pa.int8(), pa.string())
KINDS = {
    "dictionary": pa.array(["a", None, "a"], WORDS),
    "list of dictionaries": pa.array([["a"], [], None], pa.list_(WORDS)),
    "struct of dictionaries": pa.array([{"w": "a"}] * 3, pa.struct([("w", WORDS)])),
    "map of dictionaries": pa.array([[("k", "a")]] * 3, pa.map_(pa.string(), WORDS)),
    "run ends": pc.run_end_encode(pa.array(["a", "a", "b"])),
    "text view": pa.array(["a", None, "long enough to be kept apart"], pa.string_view()),
    "list view": pa.array([[1], None, [2, 3]], pa.list_view(pa.int8())),
    "extension": pa.array([b"0123456789abcdef"] * 3, pa.uuid()),
    "null": pa.nulls(3),
    "union": pa.UnionArray.from_sparse(
        pa.array([0, 1, 0], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])]
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [3, 0])
def test_every_type_arrives_as_it_was(serve, memory, kind, rows):
    table = pa.table({"x": KINDS[kind]}).slice(0, rows)
    served = serve(memory({"t": table}))

    for read in (served.get(b"t"), served.client.read("t")):
        assert read.schema == table.schema
        assert read.to_pylist() == table.to_pylist()


def test_each_batch_may_have_another_dictionary(serve, memory):
    words = [pa.array(w).dictionary_encode() for w in (["a", "b"], ["c", "a"], ["d"])]
    table = pa.table({"word": pa.chunked_array(words)})

    assert serve(memory({"words": table})).get(b"words").to_pydict() == {
        "word": ["a", "b", "c", "a", "d"]
    }


ACTIONS = {
    "explain": "What a command would read, and who does what of it",
    "refresh": "List all sources again",
    "server-info": "Version, sources and plugins of the server",
    "health": "Whether the server and its sources answer",
    "refresh-datasets": "As refresh, in the words of older clients",
    "get-server-info": "As server-info, in the words of older clients",
}


def test_list_actions_names_them_all(served):
    assert {a.type: a.description for a in served.raw.list_actions()} == ACTIONS
    assert served.client.actions() == ACTIONS


def test_each_action_answers_in_json(served):
    names = ACTIONS.keys() - {"explain"}  # which wants to know of what
    answers = {name: json.loads(*served.client.action(name)) for name in names}

    timestamp = answers["get-server-info"].pop("timestamp")
    assert timestamp.endswith("+00:00")
    assert answers == {
        "refresh": {"flights": 3},
        "refresh-datasets": {
            "status": "success",
            "message": "Refreshed 3 datasets",
            "datasets": NAMES,
        },
        "server-info": {
            "server": "FlightStream",
            "version": flightstream.__version__,
            "flights": 3,
            "sources": ["s"],
            "plugins": {"memory": "unversioned"},
        },
        "get-server-info": {
            "server": "FlightStream",
            "version": flightstream.__version__,
            "protocol_version": 1,
            "datasets": {"count": 3, "list": NAMES},
            "capabilities": [
                "listFlights",
                "getFlightInfo",
                "getSchema",
                "doGet",
                "doAction",
                "listActions",
            ],
        },
        "health": {"status": "ok", "ready": True, "failed_sources": []},
    }


@pytest.mark.parametrize("name", ["unknown", "", "x" * 5000, "../refresh", "Refresh"])
def test_an_unknown_action_is_an_error(served, name):
    with pytest.raises(NotFound) as caught:
        served.client.action(name)

    assert caught.value.message == (
        f"there is no action {name[:100]!r}: there are explain, get-server-info, health, refresh,"
        " refresh-datasets, server-info"
    )


def test_a_body_over_the_limit_is_refused(serve, memory):
    served = serve(memory(TABLES), max_receive_message_bytes="64 KiB")

    with pytest.raises(LimitExceeded, match="the body is longer than 64 KiB"):
        served.client.action("health", b"x" * 65_537)
    assert served.client.action("health", b"x" * 65_536)
