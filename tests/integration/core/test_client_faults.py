"""What listens is not what was expected: an error names it, in time, and says what to do."""

import json
import socket
import threading
import time
from contextlib import suppress

import pyarrow as pa
import pytest
import trustme
from lossy_proxy import LossyProxy
from pyarrow import flight

import flightstream
from flightstream import FlightStreamError, InvalidData, Unavailable

ROWS = pa.table({"n": range(1000)})
GIVEN = {"attempts": 2, "backoff_seconds": 0.01, "timeout_seconds": 5}
LONGEST_SECONDS = 30  # far more than the deadlines, for a machine that is busy


@pytest.fixture
def listen():
    """Return a function that listens, and gives each connection to a function."""
    opened = []

    def start(greet):
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def accept():
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    opened.append(connection)
                    greet(connection)

        threading.Thread(target=accept, daemon=True).start()
        return listening.getsockname()[1]

    yield start
    for one in opened:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


def speak_http(connection):
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")


def speak_ssh(connection):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def say_nothing(connection):
    pass


def hang_up(connection):
    connection.close()


@pytest.mark.parametrize("greet", [speak_http, speak_ssh, hang_up])
def test_what_is_no_flight_server_is_told(listen, greet):
    uri = f"grpc://127.0.0.1:{listen(greet)}"
    began = time.monotonic()

    with flightstream.connect(uri, connect_timeout_seconds=0.5, **GIVEN) as client:
        for call in (client.flights, lambda: client.read("rows")):
            with pytest.raises(Unavailable) as caught:
                call()
            assert caught.value.message.startswith(f"no answer from {uri}: ")
            assert caught.value.message.endswith(
                "(what listens there is no Flight server: it speaks neither TLS nor HTTP/2)"
            )

    assert time.monotonic() - began < LONGEST_SECONDS


def test_a_server_that_does_not_answer_may_be_one(listen):
    uri = f"grpc://127.0.0.1:{listen(say_nothing)}"

    client = flightstream.connect(uri, connect_timeout_seconds=0.5, **GIVEN)
    with client, pytest.raises(Unavailable) as caught:
        client.read("rows")

    assert caught.value.message.endswith(
        "(it accepts connections and does not answer: it may be busy or frozen)"
    )


def test_a_port_where_nobody_listens_is_told():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"grpc://127.0.0.1:{probe.getsockname()[1]}"

    with flightstream.connect(uri, **GIVEN) as client, pytest.raises(Unavailable) as caught:
        client.read("rows")

    assert caught.value.message.startswith(f"no answer from {uri}: ")
    assert caught.value.message.endswith("Connection refused (does the server run there?)")


class TestTls:
    @pytest.fixture
    def secure(self):
        leaf = trustme.CA().issue_cert("localhost")
        pair = leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes()
        with flight.FlightServerBase("grpc+tls://localhost:0", tls_certificates=[pair]) as server:
            yield server.port

    def told(self, uri):
        with flightstream.connect(uri, **GIVEN) as client, pytest.raises(Unavailable) as caught:
            client.flights()
        return caught.value.message

    def test_a_server_that_speaks_it_to_a_client_that_does_not(self, secure):
        told = self.told(f"grpc://localhost:{secure}")
        assert told.endswith(f"(it speaks TLS: connect to grpc+tls://localhost:{secure})")

    def test_a_client_that_speaks_it_to_a_server_that_does_not(self, serve, memory):
        port = serve(memory({"rows": ROWS})).server.port
        told = self.told(f"grpc+tls://localhost:{port}")
        assert told.endswith(f"(it does not speak TLS: connect to grpc://localhost:{port})")

    def test_a_certificate_that_nobody_here_has_signed(self, secure):
        told = self.told(f"grpc+tls://localhost:{secure}")
        assert told.endswith("(is tls_ca the CA that has signed its certificate?)")


class Odd(flight.FlightServerBase):
    """Serves three parts, of which one is odd."""

    schemas = (ROWS.schema,) * 3

    def get_flight_info(self, context, descriptor):
        endpoints = [
            flight.FlightEndpoint(
                json.dumps({"flight": "s/rows", "partition": [k, 3], "version": "1"}), []
            )
            for k in range(3)
        ]
        path, ours = flight.FlightDescriptor.for_path("rows"), b'{"adapter": "odd"}'
        return flight.FlightInfo(
            ROWS.schema, path, endpoints, -1, -1, ordered=True, app_metadata=ours
        )

    def do_get(self, context, ticket):
        number, _ = json.loads(ticket.ticket)["partition"]
        schema = self.schemas[number]
        table = ROWS.cast(schema)

        def messages():
            yield from table.to_batches()
            if self.counts:
                yield pa.RecordBatch.from_pylist([], schema=schema), b'{"rows": 1000}'

        return flight.GeneratorStream(schema, messages())

    counts = True


@pytest.fixture
def odd():
    with (
        Odd("grpc://localhost:0") as server,
        flightstream.connect(f"localhost:{server.port}", **GIVEN) as client,
    ):
        yield server, client


def test_another_schema_in_the_third_part_is_told(odd):
    server, client = odd
    server.schemas = (ROWS.schema, ROWS.schema, pa.schema([("n", pa.int32())]))

    with pytest.raises(InvalidData) as caught:
        client.read("rows", partitions=3)

    assert caught.value.message == (
        f"grpc://localhost:{server.port} sends 'rows' with another schema than it has announced:"
        " column 0 is 'n' (int32) in place of 'n' (int64)"
    )


def test_a_stream_that_ends_without_its_count_is_not_whole(odd):
    server, client = odd
    assert client.read("rows", partitions=3).num_rows == 3000
    server.counts = False

    with pytest.raises(
        Unavailable, match=r"1000 rows of 'rows' arrived from .*, an unknown number"
    ):
        client.read("rows", partitions=3)


@pytest.mark.parametrize("after", [0, 300, 3_000, 30_000])
def test_garbage_is_an_error_and_not_data(serve, memory, after):
    table = pa.table({"name": [f"row {n}" for n in range(40_000)]})
    served = serve(memory({"rows": table}, batch_rows=1000))
    given = {**GIVEN, "first_batch_timeout_seconds": 2, "idle_timeout_seconds": 2}
    with LossyProxy(served.server.port) as proxy:
        proxy.garble_after = after
        uri = f"grpc://127.0.0.1:{proxy.port}"
        client = flightstream.connect(uri, connect_timeout_seconds=1, **given)
        with client, pytest.raises(FlightStreamError):
            client.read("rows")
