"""What the client logs in with: renewed when it is refused, and shown to nobody else."""

import base64
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pyarrow as pa
import pytest
import trustme
from pyarrow import flight

import flightstream
from flightstream import ConfigError, Identity, Unauthenticated, Unavailable, hookimpl, service

ROWS = pa.table({"id": [1, 2, 3]})
BASIC = "Basic " + base64.b64encode(b"ada:s3cret").decode()


class Doors:
    """What the server takes now, and what it has been shown."""

    right = "Bearer 1"
    shown: tuple[str, ...] = ()


@service
class Door:
    @hookimpl
    def authenticate(self, credentials):
        shown = credentials.headers.get("authorization", ())
        Doors.shown += shown
        if shown != (Doors.right,):
            raise Unauthenticated("not this one")
        return Identity("ada")


@pytest.fixture
def uri(serve, memory):
    Doors.right, Doors.shown = "Bearer 1", ()
    return f"grpc://localhost:{serve(Door, memory({'rows': ROWS})).server.port}"


class Tokens:
    """Gives the tokens 1, 2, 3, … and counts them."""

    def __init__(self):
        self.given = 0

    def __call__(self):
        self.given += 1
        return f"{self.given}"


class TestTokens:
    def test_a_token_goes_with_each_call(self, uri):
        with flightstream.connect(uri, token="1\n") as client:
            assert client.read("rows") == ROWS
            assert [found.name for found in client.flights()] == ["s/rows"]
            assert "health" in client.actions()
        assert {*Doors.shown} == {"Bearer 1"}

    def test_a_function_is_asked_once_for_many_calls(self, uri):
        tokens = Tokens()
        with flightstream.connect(uri, token=tokens) as client:
            assert tokens.given == 0
            assert [client.read("rows") for _ in range(3)] == [ROWS] * 3
        assert tokens.given == 1

    def test_a_token_that_is_refused_is_renewed_once(self, uri):
        tokens = Tokens()
        with flightstream.connect(uri, token=tokens) as client:
            client.read("rows")
            Doors.right = "Bearer 2"
            assert client.read("rows") == ROWS
            Doors.right = "Bearer 7"
            with pytest.raises(Unauthenticated, match="not this one"):
                client.read("rows")
        assert tokens.given == 3

    def test_it_is_renewed_before_a_streams_first_answer(self, uri):
        with flightstream.connect(uri, token=Tokens()) as client:
            reader = client.stream("rows")
            Doors.right = "Bearer 2"
            assert reader.read_all() == ROWS

    def test_the_same_token_again_is_not_tried_again(self, uri):
        client = flightstream.connect(uri, token=lambda: "0")
        with client, pytest.raises(Unauthenticated):
            client.info("rows")
        assert Doors.shown == ("Bearer 0",)

    def test_threads_that_are_refused_at_once_renew_it_once(self, uri):
        tokens = Tokens()
        with flightstream.connect(uri, token=tokens) as client, ThreadPoolExecutor(8) as pool:
            client.read("rows")
            Doors.right = "Bearer 2"
            found = list(pool.map(lambda _: client.read("rows"), range(16)))
        assert (found, tokens.given) == ([ROWS] * 16, 2)

    def test_what_a_function_raises_is_raised(self, uri):
        def fail():
            raise OSError("no agent")

        client = flightstream.connect(uri, token=fail)
        with client, pytest.raises(OSError, match=r"^no agent$"):
            client.flights()

    @pytest.mark.parametrize("token", ["", " ", "a b", "a\r\nx-role: admin", "größe", "a\0"])
    def test_a_token_that_no_header_can_have_is_refused(self, uri, token):
        client = flightstream.connect(uri, token=token)
        with client, pytest.raises(ConfigError) as caught:
            client.flights()
        assert not token.strip() or token not in caught.value.message
        assert Doors.shown == ()


class TestPasswords:
    def test_without_a_token_of_the_server_they_go_with_each_call(self, uri):
        Doors.right = BASIC
        with flightstream.connect(uri, username="ada", password="s3cret") as client:
            assert client.read("rows") == ROWS
        assert {*Doors.shown} == {BASIC}

    def test_a_token_of_the_server_takes_their_place(self):
        with (
            Giving() as server,
            flightstream.connect(
                f"grpc://localhost:{server.port}", username="ada", password="s3cret"
            ) as client,
        ):
            assert client.flights() == []
            server.right = "Bearer 2"
            assert client.flights() == []
            shown = [one for method, one in server.shown if method != flight.FlightMethod.HANDSHAKE]
        assert shown == ["Bearer 1", "Bearer 1", "Bearer 2"]

    def test_a_server_that_is_away_is_unavailable(self):
        with (
            flightstream.connect("localhost:1", username="a", password="b", attempts=1) as client,
            pytest.raises(Unavailable, match=r"Connection refused \(does the server run"),
        ):
            client.read("rows")

    def test_half_a_login_and_two_of_them_are_refused(self, uri):
        for half in ({"username": "ada"}, {"password": "s3cret"}):
            with pytest.raises(ConfigError, match="username and password come together"):
                flightstream.connect(uri, **half)
        with pytest.raises(ConfigError, match="not with both"):
            flightstream.connect(uri, token="1", username="ada", password="s3cret")

    def test_a_user_name_with_a_colon_is_refused(self, uri):
        with pytest.raises(ConfigError, match="has a colon"):
            flightstream.connect(uri, username="a:b", password="s3cret")


class TestElsewhere:
    """A server says that a part of a flight lies at another one."""

    @pytest.fixture
    def other(self):
        with Parts([]) as server:
            yield server

    def read(self, other, host, **given):
        with Parts([f"grpc://{host}:{other.port}"]) as first:
            with flightstream.connect(
                f"grpc://localhost:{first.port}", token="s3cret", **given
            ) as client:
                assert client.read("rows") == ROWS
            assert first.shown == ["Bearer s3cret"]
        return other.shown

    def test_a_token_stays_at_home(self, other):
        assert self.read(other, "127.0.0.1") == [None]
        assert self.read(other, "localhost") == [None, None]  # another port, another server

    def test_a_token_goes_to_a_host_that_is_listed(self, other):
        assert self.read(other, "127.0.0.1", token_hosts=["127.0.0.1"]) == ["Bearer s3cret"]
        listed = [f"localhost:{other.port}"]
        assert self.read(other, "localhost", token_hosts=listed)[1:] == ["Bearer s3cret"]

    @pytest.mark.parametrize("place", ["own", "reuse"])
    def test_a_part_at_the_server_itself_is_read_there(self, place):
        with Parts([]) as server:
            own = f"grpc://localhost:{server.port}"
            server.places = [own if place == "own" else "arrow-flight-reuse-connection://?"]
            with flightstream.connect(own, token="s3cret") as client:
                assert client.read("rows") == ROWS
            assert server.shown == ["Bearer s3cret"] * 2


class TestPlaintext:
    @pytest.mark.parametrize(
        "given", [{"token": "s3cret"}, {"username": "a", "password": "s3cret"}]
    )
    @pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid", "0.0.0.0"])
    def test_a_login_does_not_leave_this_machine_unencrypted(self, given, host):
        with pytest.raises(ConfigError) as caught:
            flightstream.connect(f"grpc://{host}:1", **given)

        assert caught.value.message == (
            f"what you log in with would go to {host} unencrypted: connect to grpc+tls://, or"
            " take the risk with allow_insecure"
        )

    def test_it_may_where_that_is_wanted_and_where_it_is_encrypted(self):
        flightstream.connect("grpc://192.0.2.1:1", token="s3cret", allow_insecure=True).close()
        flightstream.connect("grpc+tls://192.0.2.1:1", token="s3cret").close()
        flightstream.connect("grpc://192.0.2.1:1").close()

    def test_certificates_need_tls_and_a_key(self, tmp_path):
        with pytest.raises(ConfigError, match="certificates need grpc\\+tls://"):
            flightstream.connect("grpc://localhost:1", tls_ca=b"x")
        with pytest.raises(ConfigError, match="come together"):
            flightstream.connect("grpc+tls://localhost:1", tls_cert=b"x")
        with pytest.raises(ConfigError, match="nope cannot be read: no such file"):
            flightstream.connect("grpc+tls://localhost:1", tls_ca=tmp_path / "nope")


def test_nothing_shows_what_a_client_logs_in_with():
    leaf = trustme.CA().issue_cert("localhost")
    key = leaf.private_key_pem.bytes()
    cert = leaf.cert_chain_pems[0].bytes()
    client = flightstream.connect(
        "grpc+tls://localhost:1", token="s3cret", tls_cert=cert, tls_key=key
    )
    parts = [client, client._connections, client._connections.access, client._connections.main]
    shown = "".join(map(repr, [*parts, client._connections.main.login]))

    assert shown.startswith("Client('grpc+tls://localhost:1')")
    assert "s3cret" not in shown
    assert "PRIVATE" not in shown


class Shown(flight.ServerMiddlewareFactory):
    """Keeps what each call has shown; on a Handshake it gives a token."""

    def __init__(self, server):
        self.server = server

    def start_call(self, info, headers):
        [shown] = headers.get("authorization", [None])
        return self.server.started(info.method, shown)


class Sending(flight.ServerMiddleware):
    def __init__(self, token):
        self.token = token

    def sending_headers(self):
        return {"authorization": self.token}


class Handshake(flight.ServerAuthHandler):
    def authenticate(self, outgoing, incoming):
        with suppress(OSError):  # a client that has sent its headers alone
            incoming.read()

    def is_valid(self, token):
        return ""


class Giving(flight.FlightServerBase):
    """Gives a token for a name and a password."""

    def __init__(self):
        self.right, self.shown = "Bearer 1", []
        super().__init__(
            "grpc://localhost:0", auth_handler=Handshake(), middleware={"shown": Shown(self)}
        )

    def started(self, method, shown):
        self.shown.append((method, shown))
        if method == flight.FlightMethod.HANDSHAKE:
            return Sending(self.right)
        if shown != self.right:
            raise flight.FlightUnauthenticatedError("no")
        return None

    def list_flights(self, context, criteria):
        return iter([])


class Parts(flight.FlightServerBase):
    """Has one flight, at other places if it has any."""

    def __init__(self, places):
        self.places, self.shown = places, []
        super().__init__("grpc://0.0.0.0:0", middleware={"shown": Shown(self)})

    def started(self, _method, shown):
        self.shown.append(shown)

    def get_flight_info(self, context, descriptor):
        endpoint = flight.FlightEndpoint(b"rows", self.places)
        path = flight.FlightDescriptor.for_path("rows")
        ours = b'{"adapter": "parts"}'
        return flight.FlightInfo(ROWS.schema, path, [endpoint], -1, -1, app_metadata=ours)

    def do_get(self, context, ticket):
        return flight.RecordBatchStream(ROWS)
