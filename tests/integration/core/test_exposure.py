"""A server that others can reach says who may read, or does not start."""

import base64
import socket
from unittest.mock import ANY

import pyarrow as pa
import pytest
import trustme
from pyarrow import flight
from structlog.testing import capture_logs

from flightstream import ConfigError, Identity, Server, Unauthenticated, hookimpl, service
from flightstream.addresses import is_loopback

ROWS = pa.table({"id": [1]})
EVERYBODY = (
    "server.host: '0.0.0.0' is reached from other machines, and no plugin asks who comes: use one"
    " that authenticates, or listen on localhost, or let everybody read with"
    " server.allow_anonymous = true"
)
IN_THE_OPEN = (
    "server.host: '0.0.0.0' is reached from other machines, and what they log in with would not"
    " be encrypted: set server.tls, or listen on localhost, or say that something else encrypts"
    " it with server.allow_insecure_auth = true"
)


@service
class Tokens:
    @hookimpl
    def authenticate(self, credentials):
        if credentials.headers.get("authorization") != ("Bearer ada",):
            raise Unauthenticated("no such token")
        return Identity("ada")


@service
class Basic:
    @hookimpl
    def authenticate(self, credentials):
        right = "Basic " + base64.b64encode(b"ada:s3cret").decode()
        return Identity("ada") if credentials.headers.get("authorization") == (right,) else None


class NoToken(flight.ClientAuthHandler):
    def authenticate(self, outgoing, incoming):
        outgoing.write(b"hello")
        incoming.read()

    def get_token(self):
        return b""


@service
class Crashing:
    @hookimpl
    def authenticate(self, credentials):
        raise ZeroDivisionError("s3cret")


@pytest.fixture
def start(memory, folder):
    """Return a function that starts and stops a server, and tells what refused it."""

    def run(*plugins, host="0.0.0.0", **settings):
        sources = {"s": folder}
        adapter = memory({"rows": ROWS})
        try:
            with Server(
                plugins=[*plugins, adapter], sources=sources, host=host, port=0, **settings
            ):
                return None
        except ConfigError as exc:
            return exc.message.removeprefix("keywords: ")

    return run


@pytest.fixture
def logs():
    with capture_logs() as entries:
        yield entries


def warned(logs):
    return [(one["event"], one["host"]) for one in logs if one["log_level"] == "warning"]


def test_without_a_login_it_listens_on_loopback_alone(start, logs):
    assert start() == EVERYBODY
    assert start(host="localhost") is None
    assert warned(logs) == []


def test_with_a_login_and_no_tls_it_listens_on_loopback_alone(start, logs):
    assert start(Tokens) == IN_THE_OPEN
    assert start(Tokens, host="127.0.0.1") is None
    assert warned(logs) == []


def test_what_is_allowed_is_warned_of_at_every_start(start, logs):
    for _ in range(2):
        assert start(allow_anonymous=True) is None
        assert start(Tokens, allow_insecure_auth=True) is None

    expected = [("everybody_may_read", "0.0.0.0"), ("credentials_not_encrypted", "0.0.0.0")]
    assert warned(logs) == expected * 2


def test_one_permission_is_not_the_other(start):
    assert start(allow_insecure_auth=True) == EVERYBODY
    assert start(Tokens, allow_anonymous=True) == IN_THE_OPEN


def test_tls_and_a_login_need_no_permission(start, tmp_path, logs):
    leaf = trustme.CA().issue_cert("localhost")
    leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "pem")
    tls = {"certificate": tmp_path / "pem", "key": tmp_path / "pem"}

    assert start(Tokens, tls=tls) is None
    assert start(tls=tls) == EVERYBODY
    assert warned(logs) == []


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("", False),
        ("0.0.0.0", False),
        ("0", False),
        ("::", False),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_told_by_every_address(host, expected):
    assert is_loopback(host) is expected


def test_a_name_with_one_other_address_is_not_loopback(monkeypatch):
    # What a name resolves to is the machine's; here it is the resolver that is replaced.
    found = [(2, 1, 6, "", (address, 0)) for address in ("127.0.0.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)

    assert not is_loopback("two-homes")


@pytest.mark.parametrize("plugin", [Tokens, Crashing])
@pytest.mark.parametrize("header", [None, b"Bearer eve", b"Basic YTpi", b""])
def test_no_method_answers_without_valid_credentials(serve, memory, plugin, header):
    served = serve(plugin, memory({"rows": ROWS}))
    headers = [] if header is None else [(b"authorization", header)]
    options = flight.FlightCallOptions(timeout=20, headers=headers)

    codes = {}
    for method, call in methods(served.raw, options).items():
        with pytest.raises(pa.ArrowException) as caught:
            call()
        codes[method] = type(caught.value)
        assert "s3cret" not in str(caught.value)

    wanted = dict.fromkeys(methods(None, None), flight.FlightUnauthenticatedError)
    # Arrow sends whatever GetSchema raises without its class; what it says is the same.
    wanted[flight.FlightMethod.GET_SCHEMA] = pa.ArrowException
    assert codes == wanted


def test_all_methods_of_flight_are_tried():
    assert {*methods(None, None)} == {*flight.FlightMethod} - {flight.FlightMethod.INVALID}


def test_a_handshake_is_judged_as_any_call(serve, memory, refused):
    served = serve(Basic, memory({"rows": ROWS}))

    assert served.raw.authenticate_basic_token(b"ada", b"s3cret") == (b"", b"")
    assert refused(served.raw.authenticate_basic_token, b"ada", b"guess") == {
        "code": "unauthenticated",
        "message": "the call brings no credentials that this server knows",
        "call": ANY,
    }


def methods(client, options):
    path = flight.FlightDescriptor.for_path("s", "rows")

    def put():
        writer, _reader = client.do_put(path, ROWS.schema, options)
        writer.write_table(ROWS)
        writer.close()

    def exchange():
        writer, reader = client.do_exchange(path, options)
        with writer:
            reader.read_chunk()

    method = flight.FlightMethod
    return {
        method.HANDSHAKE: lambda: client.authenticate(NoToken(), options),
        method.LIST_FLIGHTS: lambda: list(client.list_flights(b"", options)),
        method.GET_FLIGHT_INFO: lambda: client.get_flight_info(path, options),
        method.GET_SCHEMA: lambda: client.get_schema(path, options),
        method.DO_GET: lambda: client.do_get(flight.Ticket(b"s/rows"), options).read_all(),
        method.DO_PUT: put,
        method.DO_EXCHANGE: exchange,
        method.LIST_ACTIONS: lambda: client.list_actions(options),
        method.DO_ACTION: lambda: list(client.do_action(flight.Action("health", b""), options)),
    }


def test_who_guesses_is_refused_at_once_and_who_is_known_is_served(serve, memory, refused):
    served = serve(Tokens, memory({"rows": ROWS}), login_limits={"failures": 2})
    assert served.get(b"s/rows", authorization="Bearer ada") == ROWS

    told = [
        refused(served.get, b"s/rows", authorization=f"Bearer {number}")["code"]
        for number in range(4)
    ]

    assert told == ["unauthenticated"] * 2 + ["limit_exceeded"] * 2
    assert served.get(b"s/rows", authorization="Bearer ada") == ROWS
    assert refused(served.info, ("s", "rows"), authorization="Bearer 9")["retry_after_seconds"] > 0
