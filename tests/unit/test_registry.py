"""In which order plugins are called, and what becomes of what they do."""

from collections.abc import Callable, Iterable
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs

from flightstream import (
    Action,
    CallRecord,
    Identity,
    PluginError,
    ServerInfo,
    Source,
    Unavailable,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.registry import Mount, Plugin, Registry, Services

SERVER = ServerInfo(host="h", port=0, version="0", sources=("s",))
RECORD = CallRecord(call="c", method="DoGet", code="ok")


def services(*instances: Any) -> Services:
    """Register services under the names their instances have."""
    return Services.of([Plugin(one.name, "1.0", one) for one in instances])


def logged(logs: Iterable[Any], *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(log.get(key) for key in ("event", *keys)) for log in logs]


@service
class Told:
    """Answers what it is told to, and writes down that it was asked."""

    name: str = option(help="for the test")
    book: list[str] = option(help="where it is written down")
    answer: Any = option(None, help="what it returns, or raises")

    def _ask(self, hook: str) -> Any:
        self.book.append(f"{self.name} {hook}")
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class TestLifeCycle:
    @service
    class Started(Told):
        stops_with: Any = option(None, help="what on_shutdown raises")

        @hookimpl
        def on_startup(self, server):
            self._ask(f"starts on {server.host}")

        @hookimpl
        def on_shutdown(self):
            self.book.append(f"{self.name} stops")
            if self.stops_with is not None:
                raise self.stops_with

    def registry(self, mount: Callable[..., Mount], *instances: Any) -> Registry:
        book = instances[0].book

        @adapter
        class Lake:
            source: Source

            @hookimpl
            def on_startup(self):
                book.append("lake starts")

            @hookimpl
            def on_shutdown(self):
                book.append("lake stops")

        mounted = mount(Lake, services=instances)
        return Registry(services(*instances), (mounted,))

    def test_services_start_first_and_stop_last(self, mount):
        book: list[str] = []
        registry = self.registry(
            mount, self.Started(name="a", book=book), self.Started(name="b", book=book)
        )

        registry.startup(SERVER)
        registry.shutdown()
        registry.shutdown()

        assert book == [
            "a starts on h",
            "b starts on h",
            "lake starts",
            "lake stops",
            "b stops",
            "a stops",
        ]

    @pytest.mark.parametrize(
        ("failure", "error"),
        [
            (RuntimeError("s3cr3t"), PluginError),
            (Unavailable("no database"), Unavailable),
            (KeyboardInterrupt(), KeyboardInterrupt),
        ],
    )
    def test_a_failing_start_stops_those_that_had_started(self, mount, failure, error):
        book: list[str] = []
        registry = self.registry(
            mount,
            self.Started(name="a", book=book),
            self.Started(name="b", book=book, answer=failure),
            self.Started(name="c", book=book),
        )

        with capture_logs(), pytest.raises(error):
            registry.startup(SERVER)

        assert book == ["a starts on h", "b starts on h", "a stops"]

    def test_a_failing_stop_is_logged_and_the_others_stop_all_the_same(self, mount):
        book: list[str] = []
        registry = self.registry(
            mount,
            self.Started(name="a", book=book),
            self.Started(name="b", book=book, stops_with=RuntimeError("s3cr3t")),
            self.Started(name="c", book=book, stops_with=Unavailable("busy")),
        )
        registry.startup(SERVER)
        book.clear()

        with capture_logs() as logs:
            registry.shutdown()

        assert book == ["lake stops", "c stops", "b stops", "a stops"]
        assert logged(logs, "plugin", "error") == [
            ("plugin_shutdown_failed", "c", "busy"),
            ("plugin_failed", "b", None),
            ("plugin_shutdown_failed", "b", "the plugin 'b' failed in on_shutdown"),
        ]

    def test_a_stop_that_hangs_takes_no_time_from_the_others(self, mount):
        book: list[str] = []
        going_on = Event()

        @service
        class Hangs(Told):
            @hookimpl
            def on_shutdown(self):
                self.book.append(f"{self.name} hangs")
                going_on.wait(60)
                self.book.append(f"{self.name} stops late")

        registry = self.registry(
            mount,
            self.Started(name="a", book=book),
            Hangs(name="b", book=book),
            Hangs(name="c", book=book),
        )
        registry.startup(SERVER)
        book.clear()

        with capture_logs() as logs:
            in_time = registry.shutdown(patience_seconds=0.1)

        assert not in_time
        assert book == ["lake stops", "c hangs", "b hangs", "a stops"]
        assert logged(logs, "plugin", "seconds") == [
            ("plugin_shutdown_hung", "c", 0.1),
            ("plugin_shutdown_hung", "b", 0.1),
        ]
        going_on.set()

    def test_stops_within_their_time_are_told_as_such(self, mount):
        registry = self.registry(mount, self.Started(name="a", book=[]))
        registry.startup(SERVER)

        assert registry.shutdown(patience_seconds=60)


class TestObservers:
    @service
    class Observer(Told):
        @hookimpl
        def on_call_finished(self, record):
            self._ask(f"sees {record.method}")

    def test_one_that_fails_is_logged_and_the_others_are_told(self):
        book: list[str] = []
        registry = Registry(
            services(
                self.Observer(name="a", book=book, answer=RuntimeError("s3cr3t")),
                self.Observer(name="b", book=book),
            ),
            (),
        )

        with capture_logs() as logs:
            registry.call_finished(RECORD)

        assert book == ["a sees DoGet", "b sees DoGet"]
        assert logged(logs, "plugin", "error") == [
            ("plugin_failed", "a", None),
            ("observer_failed", "a", "the plugin 'a' failed in on_call_finished"),
        ]

    def test_an_adapter_may_observe_too(self, mount):
        seen: list[CallRecord] = []

        @adapter
        class Lake:
            source: Source

            @hookimpl
            def on_call_finished(self, record):
                seen.append(record)

        Registry(services(), (mount(Lake),)).call_finished(RECORD)

        assert seen == [RECORD]


class TestActions:
    @service
    class Offers(Told):
        @hookimpl
        def list_actions(self):
            return self._ask("list_actions")

    def actions(self, answer: Any) -> dict[str, Action]:
        registry = Registry(services(self.Offers(name="a", book=[], answer=answer)), ())
        return {action.name: action for _plugin, action in registry.actions()}

    def run(self, result: Any) -> Iterable[bytes]:
        def run(identity: Identity, body: bytes) -> Any:
            if isinstance(result, Exception):
                raise result
            return result

        return self.actions([Action("go", "goes", run)])["go"].run(Identity.ANONYMOUS, b"")

    def test_an_action_keeps_its_name_description_and_role(self):
        [action] = self.actions([Action("go", "goes", lambda *_: [], role="admin")]).values()

        assert (action.name, action.description, action.role) == ("go", "goes", "admin")

    @pytest.mark.parametrize("result", [[b"a", b""], (part for part in (b"a", b"")), {b"a": 1}])
    def test_any_iterable_of_bytes_is_a_result(self, result):
        assert next(iter(self.run(result))) == b"a"

    @pytest.mark.parametrize(
        ("result", "message"),
        [
            (RuntimeError("s3cr3t"), "the plugin 'a' failed in list_actions"),
            (None, "the plugin 'a' failed in list_actions"),
            (
                b"ab",
                "the plugin 'a' broke the contract of list_actions: the action 'go' gave int,"
                " not bytes",
            ),
            (
                ["text"],
                "the plugin 'a' broke the contract of list_actions: the action 'go' gave str,"
                " not bytes",
            ),
        ],
    )
    def test_an_action_that_gives_something_else_is_named(self, result, message):
        with capture_logs(), pytest.raises(PluginError) as caught:
            list(self.run(result))

        assert caught.value.message == message

    def test_what_is_no_action_breaks_the_contract(self):
        with (
            capture_logs(),
            pytest.raises(PluginError, match="list_actions: it yielded str, not Action"),
        ):
            self.actions(["go"])
