import json

import pytest

from flightstream.errors import (
    FlightStreamError,
    InvalidCommand,
    InvalidData,
    NotFound,
    PluginError,
    Unavailable,
)
from flightstream.wire import (
    MAX_COMMAND_BYTES,
    MAX_MESSAGE_BYTES,
    Command,
    error_from_json,
    error_to_json,
)

KEYS = [
    "columns",
    "filter",
    "limit",
    "offset",
    "partition",
    "partitions",
    "version",
]


@pytest.mark.parametrize(
    ("request_", "flight"),
    [
        (b"orders", ("orders",)),
        (b"sales/2024/orders", ("sales", "2024", "orders")),
        ("søk/größe".encode(), ("søk", "größe")),
        (b" orders", (" orders",)),
        (b'"orders"', ('"orders"',)),
        (b"[1]", ("[1]",)),
        (b"a//b/", ("a", "", "b", "")),
        (b"../../etc/passwd", ("..", "..", "etc", "passwd")),
        ([b"sales", b"orders"], ("sales", "orders")),
        ([b"sales/orders"], ("sales", "orders")),
        ((b"{x}",), ("{x}",)),
    ],
)
def test_a_bare_name_or_a_path_names_a_flight(request_, flight):
    assert Command.parse(request_) == Command(flight)


@pytest.mark.parametrize("key", ["flight", "dataset", "table", "path"])
@pytest.mark.parametrize("name", ["sales/orders", ["sales", "orders"]])
def test_each_word_for_the_flight_means_the_same(key, name):
    assert Command.parse(json.dumps({key: name}).encode()) == Command(("sales", "orders"))


@pytest.mark.parametrize(
    ("key", "sent", "value"),
    [
        ("columns", ["b", "a"], ("b", "a")),
        ("columns", [], ()),
        ("filter", "fare > 10", "fare > 10"),
        ("limit", 0, 0),
        ("limit", 2**63 - 1, 2**63 - 1),
        ("offset", 7, 7),
        ("partitions", 4, 4),
        ("partition", [1, 4], (1, 4)),
        ("version", "abc", "abc"),
    ],
)
def test_every_key_is_read_and_written_again(key, sent, value):
    command = Command.parse(json.dumps({"flight": "a/b", key: sent}).encode())

    assert command == Command(("a", "b"), **{key: value})
    assert json.loads(command.to_bytes()) == {"flight": "a/b", key: sent}


@pytest.mark.parametrize("key", KEYS)
def test_null_means_not_set(key):
    assert Command.parse(json.dumps({"flight": "a", key: None}).encode()) == Command(("a",))


def test_what_is_not_set_is_not_written():
    assert Command(("a", "ü")).to_bytes() == '{"flight":"a/ü"}'.encode()


TOO_LONG = f"the command is longer than {MAX_COMMAND_BYTES} bytes"
NO_NAME = "the name of a flight is text like 'source/name', and not empty"
NOT_ONE_NAME = 'a command names its flight once: {"flight": "source/name"}'
NOT_JSON = "the command looks like JSON, but is not"
UP_TO = 2**63 - 1


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (b"", NO_NAME),
        ([], NO_NAME),
        ([b""], NO_NAME),
        (b"x" * (MAX_COMMAND_BYTES + 1), TOO_LONG),
        ([b"x" * 1_000_000], TOO_LONG),
        (b"\xff\xfe", "the command is neither JSON nor the name of a flight"),
        ([b"a", b"\x80"], "the command is neither JSON nor the name of a flight"),
        (b"{", NOT_JSON),
        (b" {}}", NOT_JSON),
        (b'{"flight": "\\ud800"}', NOT_JSON),
        (b'{"flight": "a", "limit": ' + b"1" * 5000 + b"}", NOT_JSON),
        (b'{"flight": "a", "limit": ' + b"[" * 60_000, NOT_JSON),
        (b'{"flight": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", NOT_JSON),
        (b"{}", NOT_ONE_NAME),
        (b'{"limit": 1}', NOT_ONE_NAME),
        (b'{"flight": "a", "table": "a"}', NOT_ONE_NAME),
        (b'{"flight": "a", "flight": "b"}', "the key 'flight' stands twice in the command"),
        (
            b'{"flight": "a", "filter": "x = 1", "filter": "x = 2"}',
            "the key 'filter' stands twice in the command",
        ),
        (b'{"flight": ""}', NO_NAME),
        (b'{"flight": null}', NO_NAME),
        (b'{"flight": 5}', NO_NAME),
        (b'{"flight": []}', NO_NAME),
        (b'{"flight": ["a", 5]}', NO_NAME),
        (b'{"flight": {"name": "a"}}', NO_NAME),
    ],
)
def test_what_names_no_flight_or_two_is_told_in_one_sentence(request_, message):
    with pytest.raises(InvalidCommand) as caught:
        Command.parse(request_)

    assert caught.value.message == message


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ({"columns": "a"}, "'columns' is a list of column names"),
        ({"columns": ["a", 1]}, "'columns' is a list of column names"),
        ({"columns": {"a": 1}}, "'columns' is a list of column names"),
        ({"columns": ["a", "b", "a"]}, "'columns' names a column twice"),
        ({"filter": 1}, "'filter' is text"),
        ({"filter": ["a"]}, "'filter' is text"),
        ({"limit": -1}, f"'limit' is a whole number from 0 to {UP_TO}"),
        ({"limit": 1.5}, f"'limit' is a whole number from 0 to {UP_TO}"),
        ({"limit": float("nan")}, f"'limit' is a whole number from 0 to {UP_TO}"),
        ({"limit": True}, f"'limit' is a whole number from 0 to {UP_TO}"),
        ({"limit": "5"}, f"'limit' is a whole number from 0 to {UP_TO}"),
        ({"limit": 2**63}, f"'limit' is a whole number from 0 to {UP_TO}"),
        ({"offset": -1}, f"'offset' is a whole number from 0 to {UP_TO}"),
        ({"partitions": 0}, "'partitions' is a whole number from 1 to 10000"),
        ({"partitions": 10_001}, "'partitions' is a whole number from 1 to 10000"),
        ({"partition": 1}, "'partition' is [part, parts]"),
        ({"partition": [1]}, "'partition' is [part, parts]"),
        ({"partition": [1, 2, 3]}, "'partition' is [part, parts]"),
        ({"partition": [2, 2]}, "'partition' is a whole number from 0 to 1"),
        ({"partition": [-1, 2]}, "'partition' is a whole number from 0 to 1"),
        ({"partition": [0, 0]}, "'partition' is a whole number from 1 to 10000"),
        ({"version": 1}, "'version' is text"),
        ({"colums": ["a"]}, "unknown key 'colums' in the command: did you mean 'columns'?"),
        ({"where": "a > 1"}, f"unknown key 'where' in the command: there are {KEYS}"),
        ({"q" * 50: 1}, f"unknown key '{'q' * 40}' in the command: there are {KEYS}"),
    ],
)
def test_a_key_that_is_wrong_is_named(rest, message):
    with pytest.raises(InvalidCommand) as caught:
        Command.parse(json.dumps({"flight": "a", **rest}).encode())

    assert caught.value.message == message


def test_an_error_comes_back_as_it_was_sent():
    error = InvalidData("no number", flight="a/b", row=7, column="fare", value="?")

    message, data = error_to_json(error, "c1")
    again = error_from_json("", data)

    assert message == "no number"
    assert json.loads(data) == {
        "code": "invalid_data",
        "message": "no number",
        "flight": "a/b",
        "row": 7,
        "column": "fare",
        "value": "?",
        "call": "c1",
    }
    assert (type(again), again.message, again.details()) == (
        InvalidData,
        "no number",
        {"flight": "a/b", "row": 7, "column": "fare", "value": "?", "call": "c1"},
    )


def test_a_message_is_one_line():
    assert error_to_json(NotFound("no\n such\t\r\nthing "), "c")[0] == "no such thing"


LONG = "x" * 100_000
AWKWARD = {
    "ascii": LONG,
    "wide": "漢" * 100_000,
    "beyond the BMP": "𝄞" * 100_000,
    "control": "\x01" * 100_000,
    "quotes": '"\\' * 50_000,
    "surrogates": "\ud800" * 100_000,
    "delete": "\x7f\x85" * 50_000,
}


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_whatever_an_error_says_fits_into_grpc_metadata(text):
    error = InvalidData(text, flight=text, column=text, value=text, row=2**63)

    message, data = error_to_json(error, "c" * 12)

    assert len(message.encode()) <= MAX_MESSAGE_BYTES
    assert len(data) <= 3000
    assert message.isprintable()
    assert error_from_json("", data).message == message


def test_details_that_json_does_not_know_are_sent_as_text():
    _message, data = error_to_json(InvalidData("no", value=b"\xff", row=1), "c")

    assert json.loads(data)["value"] == "b'\\xff'"


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"[]", b'"text"', b"{}", b'{"code": {}}', b'{"code": []}', b"[" * 9000]
)
def test_what_is_no_error_of_ours_keeps_the_message_of_the_transport(data):
    error = error_from_json("broken pipe", data)

    assert (type(error), error.message) == (FlightStreamError, "broken pipe")


def test_an_unknown_code_of_a_newer_server_is_the_base_class():
    error = error_from_json("", b'{"code": "too_new", "message": "no", "colour": "red"}')

    assert (type(error), error.message, error.details()) == (FlightStreamError, "no", {})


def test_keys_that_another_class_has_are_left_out():
    error = error_from_json(
        "", b'{"code": "plugin_error", "message": "no", "plugin": "p", "row": 1}'
    )

    assert (type(error), error.details()) == (PluginError, {"plugin": "p"})


def test_the_retry_hint_survives():
    _message, data = error_to_json(Unavailable("later", retry_after_seconds=2.5), "c")

    again = error_from_json("", data)
    assert isinstance(again, Unavailable)
    assert again.retry_after_seconds == 2.5
