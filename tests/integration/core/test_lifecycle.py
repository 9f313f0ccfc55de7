"""Servers start, stop, and share nothing."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight

import flightstream
from flightstream import (
    ConfigError,
    PluginError,
    Server,
    ServerInfo,
    Unavailable,
    adapter,
    hookimpl,
    service,
)
from flightstream.config import load_mapping

TABLE = pa.table({"x": [1, 2, 3]})


@pytest.fixture
def starting() -> tuple[type[Any], list[str]]:
    """A plugin that writes down when it is started and stopped."""
    book: list[str] = []

    @service
    class Starting:
        @hookimpl
        def on_startup(self, server):
            book.append(f"started for {server.host}:{server.port} with {server.sources}")

        @hookimpl
        def on_shutdown(self):
            book.append("stopped")

    return Starting, book


@pytest.fixture
def server(memory, starting, folder) -> Server:
    return Server(plugins=[memory({"a": TABLE}), starting[0]], sources={"s": folder}, port=0)


def read_from(server: Server, name: str) -> pa.Table:
    with flightstream.connect(f"localhost:{server.port}") as client:
        return client.read(name)


def read(server: Server) -> pa.Table:
    return read_from(server, "a")


def test_a_server_knows_itself_before_while_and_after_it_runs(server):
    version = flightstream.__version__
    before = server.info
    with server as same:
        assert same is server
        assert server.is_running
        assert server.port != 0
        assert server.info == ServerInfo(
            host="localhost", port=server.port, version=version, sources=("s",)
        )
        assert read(server) == TABLE

    assert server.info == before
    assert before == ServerInfo(host="localhost", port=0, version=version, sources=("s",))
    assert not server.is_running
    with pytest.raises(Unavailable, match="the server is not running"):
        _ = server.service


def test_a_server_starts_again_after_it_has_stopped(server, starting):
    for _ in range(2):
        with server:
            assert read(server) == TABLE

    assert starting[1] == ["started for localhost:0 with ('s',)", "stopped"] * 2


def test_starting_or_stopping_twice_is_once(server, starting):
    server.start()
    port = server.port
    assert server.start().port == port
    assert server.stop()
    assert server.stop()

    assert starting[1] == ["started for localhost:0 with ('s',)", "stopped"]


def test_servers_of_one_process_share_nothing(memory, tmp_path, observer):
    plugin, records = observer
    one = Server(plugins=[memory({"a": TABLE}), plugin], sources={"s": tmp_path}, port=0)
    two = Server(plugins=[memory({"a": TABLE.slice(1)})], sources={"s": tmp_path}, port=0)

    with one, two:
        assert read(two) == TABLE.slice(1)
        assert records == []
        assert read(one) == TABLE
        two.stop()
        assert read(one) == TABLE

    assert [record.code for record in records] == ["ok"] * 4


def test_a_port_that_is_taken_is_told_and_what_had_started_stops(memory, starting, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = Server(
            plugins=[memory({"a": TABLE}), starting[0]],
            sources={"s": folder},
            host="127.0.0.1",
            port=port,
        )

        with pytest.raises(Unavailable) as caught:
            server.start()

    assert caught.value.message == (f"cannot listen on 127.0.0.1:{port}: address already in use")
    assert starting[1][1:] == ["stopped"]
    assert not server.is_running


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 100, "[::1]", "0.0.0.0:1/?"])
def test_what_is_no_host_is_told_before_anything_starts(memory, starting, folder, host):
    server = Server(
        plugins=[memory({"a": TABLE}), starting[0]],
        sources={"s": folder},
        host=host,
        port=0,
        allow_anonymous=True,
    )

    with pytest.raises(Unavailable, match=rf"^cannot listen on {re.escape(host)}: [a-z]"):
        server.start()

    assert starting[1] == []


def test_a_host_that_is_not_ours_is_told_and_what_had_started_stops(memory, starting, folder):
    server = Server(
        plugins=[memory({"a": TABLE}), starting[0]],
        sources={"s": folder},
        host="203.0.113.7",
        port=0,
        allow_anonymous=True,
    )

    with pytest.raises(Unavailable, match=r"^cannot listen on 203.0.113.7:0: [a-z]"):
        server.start()

    assert starting[1][1:] == ["stopped"]


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_a_server_listens_on_ipv6(memory, folder):
    with (
        Server(plugins=[memory({"a": TABLE})], sources={"s": folder}, host="::1", port=0) as server,
        flightstream.connect(f"[::1]:{server.port}") as client,
    ):
        assert client.read("a") == TABLE


def test_a_plugin_that_cannot_start_stops_those_before_it(memory, starting, folder):
    @service
    class Fails:
        @hookimpl
        def on_startup(self):
            raise RuntimeError("s3cr3t")

    server = Server(
        plugins=[memory({"a": TABLE}), starting[0], Fails], sources={"s": folder}, port=0
    )

    with pytest.raises(PluginError, match=r"^the plugin 'fails' failed in on_startup$"):
        server.start()

    assert starting[1] == ["started for localhost:0 with ('s',)", "stopped"]


def test_a_wrong_configuration_is_told_before_anything_starts(memory, starting, tmp_path):
    server = Server(
        plugins=[memory({"a": TABLE}), starting[0]],
        sources={"s": tmp_path / "gone"},
        port=0,
        batch_bytes="many",
    )

    with pytest.raises(ConfigError) as caught:
        server.start()

    assert [line.split(": ")[1] for line in caught.value.message.splitlines()] == [
        "server.batch_bytes",
        "sources.s.uri",
    ]
    assert starting[1] == []


def test_a_configuration_that_is_loaded_takes_no_keywords(memory, folder):
    loaded = load_mapping({"plugins": {"enabled": []}, "sources": {"s": str(folder)}})
    adapter_class = memory({"a": TABLE})

    assert Server(loaded, plugins=[adapter_class]).info.sources == ("s",)
    for keywords in ({"port": 0}, {"sources": {"t": folder}}, {"options": {"memory": {}}}):
        with pytest.raises(TypeError, match="keywords cannot change a configuration"):
            Server(loaded, plugins=[adapter_class], **keywords)


def test_keywords_stand_on_top_of_a_configuration_object_or_file(memory, folder, tmp_path):
    file = tmp_path / "flightstream.toml"
    file.write_text("[server]\nport = 7\nbatch_bytes = '1 MiB'\n[plugins]\nenabled = []\n")
    first = Server(str(file), sources={"v1.0": folder}, port=0)
    second = Server(first.config, plugins=[memory({"a": TABLE})], sources={"other": folder})

    for server, sources in ((first, ("v1.0",)), (second, ("v1.0", "other"))):
        assert (server.config.server.port, server.config.server.batch_bytes) == (0, 2**20)
        assert server.info.sources == sources
    with second:
        assert read_from(second, "other/a") == TABLE


class TestStopping:
    """An adapter whose stream goes on when the test says so."""

    @pytest.fixture
    def gate(self) -> threading.Event:
        return threading.Event()

    @pytest.fixture
    def server(self, memory, folder, gate) -> Server:
        @adapter
        class Gated(memory({"a": TABLE})):
            @hookimpl
            def stream_batches(self):
                yield TABLE.to_batches()[0]
                assert gate.wait(60)
                yield TABLE.to_batches()[0]

        return Server(plugins=[Gated], sources={"s": folder}, port=0)

    def test_an_old_scan_finishes_while_new_calls_are_refused(self, server, gate, until):
        stopped: list[bool] = []
        server.start()
        with flightstream.connect(f"localhost:{server.port}") as client:
            reader = client.stream("a")
            rows = reader.read_next_batch().num_rows
            stopping = threading.Thread(target=lambda: stopped.append(server.stop(30)))
            stopping.start()
            until(lambda: not server.is_ready)
            with pytest.raises(Unavailable) as caught:
                until(lambda: client.flights() and False)
            assert stopped == []
            gate.set()
            rows += sum(batch.num_rows for batch in reader)
            stopping.join()

        assert (rows, stopped) == (6, [True])
        assert (caught.value.message, caught.value.retry_after_seconds) == (
            "the server is stopping",
            1.0,
        )

    def test_a_slow_reader_gets_its_last_rows(self, memory, folder):
        table = pa.table({"x": range(5000)})
        server = Server(
            plugins=[memory({"a": table}, batch_rows=500)], sources={"s": folder}, port=0
        )
        server.start()
        with flightstream.connect(f"localhost:{server.port}") as client:
            reader = client.stream("a")
            batches = [reader.read_next_batch()]
            stopping = threading.Thread(target=lambda: server.stop(30))
            stopping.start()
            for batch in reader:
                time.sleep(0.02)  # it is slow
                batches.append(batch)
            stopping.join()

        assert pa.Table.from_batches(batches) == table

    def test_a_stop_that_takes_too_long_ends_at_its_deadline(self, server, gate):
        server.start()
        with flightstream.connect(f"localhost:{server.port}") as client:
            reader = client.stream("a")
            reader.read_next_batch()
            began = time.monotonic()
            try:
                assert server.stop(0.5) is False
            finally:
                gate.set()
            assert time.monotonic() - began < 20
            assert reader.read_all() == TABLE  # what is left ends when the plugin moves


FROZEN = """
    import os, sys, threading
    import pyarrow as pa
    from flightstream import Flight, Server, Source, adapter, hookimpl

    BATCH = pa.record_batch({"x": ["x" * 1_000_000]})

    @adapter
    class Endless:
        source: Source

        @hookimpl
        def list_flights(self):
            return [Flight("a")]

        @hookimpl
        def get_schema(self):
            return BATCH.schema

        @hookimpl
        def stream_batches(self):
            while True:
                yield BATCH

    server = Server(plugins=[Endless], sources={"s": sys.argv[1]}, port=0).start()
    print(server.port, flush=True)
    sys.stdin.readline()
    print(server.stop(2.0), flush=True)
    os._exit(0)
"""


def test_a_client_that_has_stopped_reading_does_not_hold_up_the_stop(folder: Path):
    with subprocess.Popen(
        [sys.executable, "-c", dedent(FROZEN), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            lines = iter(process.stdout)
            port = int(next(line for line in lines if line.strip().isdigit()))
            with flight.connect(f"grpc://localhost:{port}") as client:
                reader = client.do_get(flight.Ticket(b"a"))
                reader.read_chunk()
                began = time.monotonic()
                process.stdin.write("\n")
                process.stdin.flush()
                answer = next(line for line in lines if line.strip() in ("True", "False"))
                assert (answer.strip(), process.wait(30)) == ("False", 0)
                assert time.monotonic() - began < 20
                reader.cancel()
        finally:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
