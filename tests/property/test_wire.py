"""Whatever a client sends is a command or InvalidCommand."""

import json

from hypothesis import given
from hypothesis import strategies as st

from flightstream.errors import FlightStreamError, InvalidCommand
from flightstream.testing.strategies import commands
from flightstream.wire import MAX_MESSAGE_BYTES, Command, error_from_json, error_to_json

KEYS = st.sampled_from([
    "flight", "dataset", "table", "path", "columns", "filter", "limit", "offset", "partitions",
    "partition", "version",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def parses_or_refuses(request: bytes | list[bytes]) -> None:
    try:
        command = Command.parse(request)
    except InvalidCommand as exc:
        assert exc.message.splitlines() == [exc.message]
        assert len(exc.message) < 400
    else:
        assert Command.parse(command.to_bytes()) == command


@given(st.binary())
def test_any_bytes_are_a_command_or_refused(request):
    parses_or_refuses(request)


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_any_path_is_a_command_or_refused(path):
    parses_or_refuses(path)


@given(st.dictionaries(KEYS | st.text(), VALUES, max_size=5), st.booleans())
def test_any_json_is_a_command_or_refused(document, escaped):
    parses_or_refuses(json.dumps(document, ensure_ascii=escaped).encode(errors="replace"))


@given(st.text(alphabet='{}[]",:\\u0d8flight1e9 \n', max_size=60))
def test_what_almost_is_json_is_a_command_or_refused(text):
    parses_or_refuses(b"{" + text.encode())


@given(commands())
def test_a_command_comes_back_as_it_was_written(command):
    assert Command.parse(command.to_bytes()) == command


@given(st.text(max_size=3000), st.dictionaries(st.sampled_from(["flight", "call"]), st.text()))
def test_any_error_fits_and_comes_back(message, details):
    sent, data = error_to_json(FlightStreamError(message, **details), "c" * 12)

    again = error_from_json("", data)
    assert again.message == sent
    assert len(sent.encode()) <= MAX_MESSAGE_BYTES
    assert len(data) <= 3000


@given(st.binary() | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_from_a_server_are_an_error_of_ours(data):
    assert isinstance(error_from_json("broken", data), FlightStreamError)
