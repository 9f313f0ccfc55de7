"""Whatever clients send gets one sentence, and the server goes on."""

import json
import random

import pyarrow as pa
import pytest
from pyarrow import flight

import flightstream
from flightstream import InvalidCommand, NotFound

ORDERS = pa.table({"id": [1, 2, 3], "city": ["Oslo", "Rome", None]})


@pytest.fixture
def served(serve, memory):
    served = serve(memory({"orders": ORDERS}))
    yield served
    assert served.get(b"orders") == ORDERS


NAMES = {
    "unknown": ("x", "not_found", "there is no flight 'x'"),
    "dots": ("../../etc/passwd", "not_found", "there is no flight '../../etc/passwd'"),
    "dots within": ("s/../orders", "not_found", "there is no flight 's/../orders'"),
    "absolute": ("/etc/passwd", "not_found", "there is no flight '/etc/passwd'"),
    "NUL": ("s/orders\0.csv", "not_found", "there is no flight 's/orders\\x00.csv'"),
    "line break": ("a\nb", "not_found", "there is no flight 'a\\nb'"),
    "markup": ("<b>&", "not_found", "there is no flight '<b>&'"),
    "template": ("{{7*7}}", "invalid_command", "the command looks like JSON, but is not"),
    "long": ("x" * 60_000, "not_found", f"there is no flight '{'x' * 200}…'"),
    "too long": (
        "x" * 1_000_000,
        "invalid_command",
        "the command is longer than 65536 bytes",
    ),
    "empty": (
        "",
        "invalid_command",
        "the name of a flight is text like 'source/name', and not empty",
    ),
}


@pytest.mark.parametrize(("name", "code", "message"), NAMES.values(), ids=NAMES.keys())
def test_a_name_that_is_no_flight_gets_one_sentence(served, refused, name, code, message):
    def put(request):
        descriptor = flight.FlightDescriptor.for_command(request)
        writer, _ = served.raw.do_put(descriptor, ORDERS.schema)
        writer.close()

    for call in (served.get, served.info, put):
        answer = refused(call, name.encode())
        assert (answer["code"], answer["message"]) == (code, message)
        assert set(answer) <= {"code", "message", "call", "flight"}
        assert len(answer["call"]) == 12


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ({"columns": ["idd"]}, "there is no column 'idd': did you mean 'id'?"),
        ({"columns": ["fare"]}, "there is no column 'fare': there are 'id', 'city'"),
        ({"colums": ["id"]}, "unknown key 'colums' in the command: did you mean 'columns'?"),
        ({"limit": -1}, "'limit' is a whole number from 0 to 9223372036854775807"),
        ({"partition": [0, 2]}, None),
        ({"partition": [1, 2]}, "the flight 's/orders' has no part [1, 2] for this command"),
    ],
)
def test_a_command_that_does_not_fit_is_told_what_exists(served, refused, rest, message):
    command = json.dumps({"flight": "s/orders", **rest}).encode()

    if message is None:
        assert served.get(command) == ORDERS
    else:
        answer = refused(served.get, command)
        assert (answer["code"], answer["message"]) == ("invalid_command", message)


@pytest.mark.parametrize(
    "text",
    ["id >", "fare > 1", "id = 'x'", "upper(city) = 'OSLO'", "1; DROP TABLE x", "(" * 500, "\0"],
)
def test_a_filter_that_does_not_fit_is_invalid(served, text):
    with pytest.raises(InvalidCommand) as caught:
        served.client.read("s/orders", filter=text)

    assert caught.value.message.splitlines() == [caught.value.message]
    assert caught.value.flight == "s/orders"


def test_random_bytes_are_invalid_or_not_found(served, refused):
    source = random.Random(5)

    for _ in range(200):
        garbage = source.randbytes(source.randrange(1, 200))
        assert refused(served.get, garbage)["code"] in ("invalid_command", "not_found")
        assert refused(served.info, b"{" + garbage)["code"] == "invalid_command"


def test_a_path_of_bytes_that_are_no_text_is_refused_by_grpc(served):
    with pytest.raises(pa.ArrowException):
        served.info((b"s", b"\xff"))


def test_an_empty_path_is_invalid(served, refused):
    assert refused(served.info, ())["code"] == "invalid_command"


def test_criteria_that_are_no_path_are_invalid(served, refused):
    for criteria in (b"\xff", b"{", b"x" * 1_000_000):
        assert refused(served.names, criteria)["code"] == "invalid_command"


def test_our_client_raises_the_same_errors(served):
    with pytest.raises(NotFound, match=r"^there is no flight 's/nothing'$"):
        served.client.read("s/nothing")
    with pytest.raises(InvalidCommand):
        served.client.read("")


@pytest.mark.parametrize("name", ["\ud800", "s/\udcff"])
def test_a_name_that_is_no_text_is_refused_by_the_client(served, name):
    for call in (served.client.read, served.client.info, served.client.flights):
        with pytest.raises(flightstream.InvalidCommand):
            call(name)
