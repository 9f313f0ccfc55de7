"""The HTTP port: small, bounded, and gone at the end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest
from flightstream_metrics.endpoint import _MAX_CONNECTIONS, Answer, Endpoint

from flightstream import ConfigError, Server
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    def fail(_headers):
        raise RuntimeError("s3cr3t")

    paths = {"/fine": lambda headers: Answer(200, b"fine\n"), "/fails": fail}
    with closing(Endpoint.open("localhost", 0, paths)) as opened:
        yield opened


def ask(endpoint: Endpoint, request: bytes) -> bytes:
    with closing(connect(endpoint)) as client:
        client.sendall(request)
        return read(client)


def connect(endpoint: Endpoint) -> socket.socket:
    return socket.create_connection(endpoint.server_address[:2], timeout=20)


def read(client: socket.socket) -> bytes:
    with client.makefile("rb") as answer:
        return answer.read()


def test_a_path_is_answered_with_or_without_a_query(endpoint):
    for path in (b"/fine", b"/fine?name=x"):
        head, _, body = ask(endpoint, b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path).partition(
            b"\r\n\r\n"
        )
        assert head.splitlines()[0] == b"HTTP/1.0 200 OK"
        assert body == b"fine\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /gone HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /fine HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"501"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /fine HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /fine HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /fails HTTP/1.1\r\n\r\n", b"500"),
    ],
)
def test_nothing_else_is_answered_and_no_answer_tells_what_runs_here(
    endpoint, request_, status, captured_logs
):
    answer = ask(endpoint, request_)

    assert b" %s " % status in answer.splitlines()[0] or answer.startswith(status)
    for told in (b"Python", b"Traceback", b"s3cr3t", b"passwd", b".py"):
        assert told not in answer
    assert len(answer) < 400


def test_who_sends_nothing_is_let_go_and_keeps_no_thread(endpoint):
    before = threading.active_count()
    with ExitStack() as stack:
        silent = [stack.enter_context(closing(connect(endpoint))) for _ in range(10)]
        for one in silent:
            one.sendall(b"GET /fine HT")  # and no more
        assert all(read(one) == b"" for one in silent)  # within the deadline of the socket
    assert b"fine" in ask(endpoint, b"GET /fine HTTP/1.0\r\n\r\n")
    assert threading.active_count() <= before + 4


def test_too_many_connections_are_closed_at_once(endpoint):
    with ExitStack() as stack:
        for _ in range(_MAX_CONNECTIONS):
            stack.enter_context(closing(connect(endpoint))).sendall(b"GET")
        one_more = stack.enter_context(closing(connect(endpoint)))
        assert one_more.recv(1) == b""


def test_it_is_gone_when_it_is_closed_whoever_is_connected(endpoint):
    with closing(connect(endpoint)) as client:
        client.sendall(b"GET /fine")
        endpoint.close()
        with suppress(ConnectionResetError):  # what was sent may not have been read yet
            assert read(client) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(endpoint)


def test_a_port_that_is_taken_stops_the_start(serve):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        plugins = {"enabled": ["metrics"], "metrics": {"port": port}}
        with pytest.raises(ConfigError) as caught:
            serve(FaultyAdapter, config={"plugins": plugins})

    assert caught.value.message == (
        f"metrics cannot be served at 'localhost', port {port}: address already in use; set"
        " plugins.metrics.host and plugins.metrics.port"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "x" * 70, "a..b"])
def test_a_host_that_is_not_here_stops_the_start(serve, host):
    plugins = {"enabled": ["metrics"], "metrics": {"host": host, "port": 0}}
    with pytest.raises(ConfigError, match="metrics cannot be served at"):
        serve(FaultyAdapter, config={"plugins": plugins})


def test_two_servers_in_one_process_count_apart(tmp_path, captured_logs):
    config = {"sources": {"s": str(tmp_path)}, "options": {"metrics": {"port": 0}}, "port": 0}
    with Server(**config), Server(**config):
        served = [one["port"] for one in captured_logs if one["event"] == "metrics_served"]
        assert len(set(served)) == 2
