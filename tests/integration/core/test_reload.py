"""A server goes on with another configuration, and calls under way with theirs."""

import json
import socket
from typing import Any

import pyarrow as pa
import pytest
from attrs import field
from pyarrow import flight
from structlog.testing import capture_logs

import flightstream
from flightstream import (
    Action,
    ConfigError,
    Grant,
    Identity,
    NotFound,
    PluginError,
    Secret,
    Server,
    ServerInfo,
    Source,
    Stale,
    Unauthenticated,
    Unavailable,
    adapter,
    hookimpl,
    option,
    service,
)

TABLE = pa.table({"x": [1, 2, 3]})


@service
class Doorkeeper:
    """Lets in who brings the token, and hides columns."""

    token: Secret = option(help="who brings it may read")
    hidden: tuple[str, ...] = option((), help="columns that nobody sees")

    @hookimpl
    def authenticate(self, credentials):
        given = credentials.headers.get("authorization")
        if given != (f"Bearer {self.token.reveal()}",):
            raise Unauthenticated("no such token")
        return Identity("ada")

    @hookimpl
    def authorize(self):
        return Grant(hidden=set(self.hidden))


@pytest.fixture
def book() -> list[str]:
    """What plugins have done, in order."""
    return []


@pytest.fixture
def told(book: list[str]) -> type[Any]:
    """A plugin that writes down when it is started and stopped, and fails where it is told to."""

    @service
    class Told:
        name: str = option("told", help="what it is called")
        fails: bool = option(False, help="whether it fails to start")
        actions: tuple[str, ...] = option((), help="the actions that it offers")

        @hookimpl
        def on_startup(self, server):
            book.append(f"{self.name} starts for {', '.join(server.sources)}")
            if self.fails:
                raise RuntimeError("s3cr3t")

        @hookimpl
        def on_shutdown(self):
            book.append(f"{self.name} stops")

        @hookimpl
        def list_actions(self):
            for name in self.actions:
                yield Action(name, "for the test", lambda *_: [self.name.encode()])

    return Told


def refuse(server: Server, *args: Any, **changes: Any) -> tuple[type[Exception], list[str]]:
    """Reload, and return what is raised and logged as refused."""
    with capture_logs() as logs, pytest.raises(flightstream.FlightStreamError) as caught:
        server.reload(*args, **changes)
    [problems] = [line["problems"] for line in logs if line["event"] == "reload_refused"]
    assert "\n".join(problems) == caught.value.message
    assert logs[0]["event"] == "reload_started"
    return caught.type, problems


def test_new_sources_and_options_hold_for_new_calls(serve, lines, tmp_path, folder):
    (folder / "a.txt").write_text("one\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.txt").write_text("two\n")
    served = serve(lines)
    assert served.names() == ["s/a"]

    with capture_logs() as logs:
        served.server.reload(
            sources={"s": folder, "o": tmp_path / "other"}, options={"lines": {"upper": True}}
        )

    assert served.names() == ["s/a", "o/b"]
    assert [served.get(name).to_pydict() for name in (b"a", b"b")] == [
        {"line": ["ONE"]},
        {"line": ["TWO"]},
    ]
    assert served.server.info.sources == ("s", "o")
    events = [line for line in logs if line["event"].startswith("reload")]
    assert events == [
        {"event": "reload_started", "log_level": "info"},
        {
            "event": "reloaded",
            "log_level": "info",
            "sources": ["s", "o"],
            "started": ["lines"],
            "stopping": ["lines"],
        },
    ]


def test_a_file_is_read_again(serve, lines, folder, tmp_path):
    (folder / "a.txt").write_text("one\n")
    file = tmp_path / "flightstream.toml"
    text = "[server]\nport = 0\n[sources]\ns = 'served'\n[plugins]\nenabled = []\n"
    file.write_text(text)
    with Server(file, plugins=[lines], sources={"also": folder}) as server:
        with flightstream.connect(f"localhost:{server.port}") as client:
            file.write_text(f"{text}[plugins.lines]\nupper = true\n")
            server.reload()

            assert [one.name for one in client.flights()] == ["s/a", "also/a"]
            assert client.read("also/a").to_pydict() == {"line": ["ONE"]}
        assert server.config.plugins.options == {"lines": {"upper": True}}


def test_a_secret_in_a_file_is_read_again(serve, memory, tmp_path, folder):
    file = tmp_path / "token"
    file.write_text("one")
    options = {"doorkeeper": {"token": {"file": str(file)}}}
    served = serve(Doorkeeper, memory({"a": TABLE}), options=options)
    assert served.get(b"a", authorization="Bearer one") == TABLE

    file.write_text("two")
    served.server.reload()

    assert served.get(b"a", authorization="Bearer two") == TABLE
    with pytest.raises(flight.FlightUnauthenticatedError, match="no such token"):
        served.get(b"a", authorization="Bearer one")


def test_a_plugin_that_has_not_changed_runs_on(serve, told, lines, book, tmp_path, folder, until):
    served = serve(told, lines)
    sources = {"s": folder, "o": tmp_path}
    served.server.reload(sources=sources)
    assert book == ["told starts for s"]
    served.server.reload(sources=sources, options={"told": {"name": "new"}})
    until(lambda: "told stops" in book)
    served.server.stop()

    assert book == ["told starts for s", "new starts for s, o", "told stops", "new stops"]


@pytest.mark.parametrize(
    ("changes", "error", "problem"),
    [
        (
            {"options": {"told": {"name": 3, "fails": 1}}},
            ConfigError,
            [
                "keywords: plugins.told.name: expected text, found 3 (a whole number)",
                "keywords: plugins.told.fails: expected true or false, found 1 (a whole number)",
            ],
        ),
        (
            {"options": {"told": {"name": "new", "fails": True}}},
            PluginError,
            ["the plugin 'told' failed in on_startup"],
        ),
        (
            {"options": {"told": {"actions": ["go", "go"]}}},
            ConfigError,
            [
                "the action 'go' is offered by the plugin 'told' and by the plugin 'told': disable"
                " one of them"
            ],
        ),
    ],
)
def test_what_is_refused_changes_nothing(serve, told, lines, book, folder, changes, error, problem):
    (folder / "a.txt").write_text("one\n")
    served = serve(told, lines, options={"told": {"actions": ["name"]}})
    before = served.server.config

    assert refuse(served.server, sources={"s": folder}, **changes) == (error, problem)

    assert served.get(b"a").to_pydict() == {"line": ["one"]}
    assert served.client.action("name") == [b"told"]
    assert served.server.config == before
    assert book in (["told starts for s"], ["told starts for s", "new starts for s"])
    served.server.reload()
    assert served.client.action("name") == [b"told"]


def test_a_port_that_the_old_instance_still_has_refuses_the_reload(serve, lines, folder):
    @service
    class Metrics:
        port: int = option(help="where it listens")
        path: str = option("/metrics", help="what it answers")
        _socket: Any = field(default=None, init=False)

        @hookimpl
        def on_startup(self):
            self._socket = socket.socket()
            try:
                self._socket.bind(("127.0.0.1", self.port))
                self._socket.listen()
            except OSError as exc:
                self._socket.close()
                raise Unavailable(f"plugins.metrics.port {self.port} is taken") from exc

        @hookimpl
        def on_shutdown(self):
            self._socket.close()

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = serve(lines, Metrics, options={"metrics": {"port": port}})
    changes = {"sources": {"s": folder}, "options": {"metrics": {"port": port, "path": "/other"}}}

    assert refuse(served.server, **changes) == (
        Unavailable,
        [f"plugins.metrics.port {port} is taken"],
    )
    served.server.reload(sources={"s": folder, "t": folder}, options={"metrics": {"port": port}})
    assert served.server.info.sources == ("s", "t")


def test_a_file_that_is_no_toml_is_refused(lines, folder, tmp_path):
    file = tmp_path / "flightstream.toml"
    file.write_text("[server]\nport = 0\n[sources]\ns = 'served'\n[plugins]\nenabled = []\n")
    with Server(file, plugins=[lines]) as server:
        file.write_text("[server")
        error, [problem] = refuse(server)

        assert error is ConfigError
        assert problem.startswith(f"{file}: end of document: not TOML: ")
        assert server.is_ready


def test_what_cannot_change_while_it_listens_stays_and_is_told(serve, lines, folder):
    served = serve(lines)
    port = served.server.port
    with capture_logs() as logs:
        served.server.reload(
            sources={"t": folder}, port=port + 1, host="0.0.0.0", batch_bytes=2**17
        )

    assert (served.server.port, served.server.info.host) == (port, "localhost")
    assert served.server.service.setup.batch_bytes == 2**17
    [line] = [line for line in logs if line["event"] == "restart_needed"]
    assert line["keys"] == ["server.host", "server.port"]
    assert served.names() == []


@pytest.mark.parametrize("setting", ["allow_anonymous", "allow_insecure_auth"])
def test_a_server_is_not_opened_to_everybody_by_a_reload(memory, folder, setting):
    plugins = [memory({"a": TABLE}), *([Doorkeeper] if setting == "allow_insecure_auth" else [])]
    given = {"options": {"doorkeeper": {"token": "one"}}} if len(plugins) > 1 else {}
    allowed = {setting: True}
    server = Server(
        plugins=plugins, sources={"s": folder}, host="0.0.0.0", port=0, **given, **allowed
    )
    with server:
        error, [problem] = refuse(server, **{setting: False}, host="localhost")

    assert error is ConfigError
    assert f"server.{setting} = true" in problem


def test_limits_change(serve, memory, folder):
    served = serve(memory({"a": TABLE}))
    served.client.action("health", b"x" * 70_000)

    served.server.reload(
        sources={"s": folder},
        max_receive_message_bytes=2**16,
        max_send_message_bytes=2**16,
        login_limits={"failures": 1},
    )

    with pytest.raises(flightstream.LimitExceeded, match="the body is longer than 64 KiB"):
        served.client.action("health", b"x" * 70_000)
    assert served.server.service.setup.max_batch_bytes == 2**16
    assert served.server.service.logins.limits.failures == 1


def test_failed_logins_count_over_a_reload(serve, memory, folder):
    options = {"doorkeeper": {"token": "one"}}
    limits = {"failures": 3, "within_seconds": 3600}
    served = serve(Doorkeeper, memory({"a": TABLE}), options=options, login_limits=limits)
    assert served.get(b"a", authorization="Bearer one") == TABLE
    for number in range(3):
        with pytest.raises(flight.FlightUnauthenticatedError):
            served.get(b"a", authorization=f"Bearer guess{number}")
        options = {"doorkeeper": {"token": "one", "hidden": [f"h{number}"]}}
        served.server.reload(sources={"s": folder}, options=options, login_limits=limits)

    with pytest.raises(flight.FlightServerError, match="too many failed logins"):
        served.get(b"a", authorization="Bearer guess")
    assert served.get(b"a", authorization="Bearer one") == TABLE  # it was accepted before


def test_a_ticket_is_good_for_as_long_as_it_reads_the_same(serve, memory, folder):
    options = {"doorkeeper": {"token": "one"}}
    served = serve(Doorkeeper, memory({"a": TABLE}), options=options)
    login = {"authorization": "Bearer one"}
    [endpoint] = served.info(("s", "a"), **login).endpoints

    served.server.reload(sources={"s": folder, "t": folder}, options=options)
    assert served.get(endpoint.ticket.ticket, **login) == TABLE

    options = {"doorkeeper": {"token": "one", "hidden": ["y"]}}
    served.server.reload(sources={"s": folder}, options=options)
    with pytest.raises(
        flight.FlightServerError, match="changed since the ticket was made"
    ) as caught:
        served.get(endpoint.ticket.ticket, **login)
    assert json.loads(caught.value.extra_info)["code"] == Stale.code


def test_a_source_that_is_gone_is_not_found(serve, lines, folder, tmp_path):
    (folder / "a.txt").write_text("one\n")
    served = serve(lines)
    served.server.reload(sources={"t": tmp_path})

    with pytest.raises(NotFound):
        served.client.read("s/a")


def test_a_server_that_is_not_running_cannot_be_reloaded(lines, folder):
    server = Server(plugins=[lines], sources={"s": folder}, port=0)
    for _ in range(2):
        with pytest.raises(Unavailable, match="the server is not running"):
            server.reload()
        server.start().stop()


def test_after_a_stop_it_starts_with_what_was_reloaded(lines, folder, tmp_path):
    server = Server(plugins=[lines], sources={"s": folder}, port=0)
    with server:
        server.reload(sources={"t": folder}, port=0)
    with server:
        assert server.info.sources == ("t",)


class TestStatusAndFailures:
    """A plugin that runs on is told of what there is now, and of failures."""

    @pytest.fixture
    def watching(self) -> tuple[type[Any], list[ServerInfo], list[str]]:
        servers: list[ServerInfo] = []
        failures: list[str] = []

        @service
        class Watching:
            name: str = option("first", help="what it is called")
            fails: bool = option(False, help="whether it fails to start")

            @hookimpl
            def on_startup(self, server):
                servers.append(server)
                if self.fails:
                    raise RuntimeError("s3cr3t")

            @hookimpl
            def on_plugin_failed(self, failure):
                failures.append(f"{self.name} hears of {failure.plugin} in {failure.hook}")

        return Watching, servers, failures

    @pytest.fixture
    def broken(self) -> type[Any]:
        @adapter
        class Broken:
            source: Source

            @hookimpl
            def list_flights(self):
                raise RuntimeError("s3cr3t")

            @hookimpl
            def get_schema(self): ...

            @hookimpl
            def stream_batches(self): ...

        return Broken

    def test_the_status_is_that_of_the_sources_there_are_now(self, serve, watching, lines, folder):
        plugin, servers, _ = watching
        (folder / "a.txt").write_text("one\n")
        served = serve(plugin, lines)
        served.server.reload(sources={"t": folder})

        [told] = servers
        told.refresh("t")
        told.refresh("s")  # which is gone
        status = told.status()
        assert [(source.name, source.flights) for source in status.sources] == [("t", 1)]
        assert (status.ready, status.draining) == (True, False)

    def test_failures_are_heard_by_those_that_run(self, serve, watching, broken, folder):
        plugin, _, failures = watching
        served = serve(plugin, broken)
        served.names()
        refuse(served.server, options={"watching": {"name": "refused", "fails": True}})
        served.client.action("refresh")
        served.server.reload(options={"watching": {"name": "second"}})
        served.names()

        heard = "hears of broken in list_flights"
        assert failures == [
            f"first {heard}",
            "refused hears of watching in on_startup",
            f"first {heard}",
            f"second {heard}",
        ]
