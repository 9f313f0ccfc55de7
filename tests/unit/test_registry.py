"""In which order plugins are called, and what becomes of what they do."""

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from attrs import field
from structlog.testing import capture_logs

from flightstream import (
    Action,
    CallRecord,
    ConfigError,
    Credentials,
    Flight,
    FlightStreamError,
    Grant,
    Identity,
    PermissionDenied,
    PluginError,
    ScanRequest,
    ServerInfo,
    Source,
    Storage,
    Unauthenticated,
    Unavailable,
    Unsupported,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.registry import Mount, Plugin, Registry, Services

TABLE = pa.table({"x": [1, 2, 3]})
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


class TestAuthenticate:
    @service
    class Auth(Told):
        @hookimpl
        def authenticate(self):
            return self._ask("authenticate")

    def test_without_a_plugin_everyone_is_anonymous(self):
        assert services().authenticate(Credentials()) == Identity.ANONYMOUS

    def test_the_first_that_knows_the_credentials_decides(self):
        book: list[str] = []
        ann, bob = Identity("ann"), Identity("bob")
        asked = services(
            self.Auth(name="a", book=book),
            self.Auth(name="b", book=book, answer=ann),
            self.Auth(name="c", book=book, answer=bob),
        )

        assert asked.authenticate(Credentials()) == ann
        assert book == ["a authenticate", "b authenticate"]

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (None, "the call brings no credentials that this server knows"),
            (Unauthenticated("the token is old"), "the token is old"),
            (RuntimeError("s3cr3t"), "the credentials could not be checked"),
            (PermissionDenied("s3cr3t"), "the credentials could not be checked"),
            ("ann", "the credentials could not be checked"),
        ],
    )
    def test_whatever_is_no_identity_refuses(self, answer, message):
        book: list[str] = []
        asked = services(
            self.Auth(name="a", book=book, answer=answer), self.Auth(name="b", book=book)
        )

        with capture_logs(), pytest.raises(Unauthenticated) as caught:
            asked.authenticate(Credentials())

        assert caught.value.message == message
        assert book == ["a authenticate", "b authenticate"][: 2 if answer is None else 1]


class TestAuthorize:
    @service
    class Policy(Told):
        @hookimpl
        def authorize(self, path, operation):
            return self._ask(f"{operation} {'/'.join(path)}")

    def ask(self, *answers: Any) -> Grant:
        self.book: list[str] = []
        plugins = [
            self.Policy(name=str(n), book=self.book, answer=a) for n, a in enumerate(answers)
        ]
        return services(*plugins).authorize(Identity("ann"), ("s", "a"), "read")

    def test_no_plugin_and_no_opinion_allow_everything(self):
        assert self.ask() == self.ask(None, None) == Grant()
        assert self.book == ["0 read s/a", "1 read s/a"]

    def test_grants_of_all_are_intersected(self):
        grant = self.ask(Grant({"a", "b"}, ["x > 1"]), None, Grant({"b", "c"}), Grant(rows=["y"]))

        assert grant == Grant({"b"}, ("x > 1", "y"))

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (PermissionDenied("no"), PermissionDenied),
            (RuntimeError("s3cr3t"), PluginError),
            (True, PluginError),
        ],
    )
    def test_any_exception_refuses_whatever_the_others_say(self, answer, error):
        with capture_logs(), pytest.raises(error) as caught:
            self.ask(Grant(), answer, Grant())

        assert "s3cr3t" not in caught.value.message


class TestOpenStorage:
    @service
    class Store(Told):
        @hookimpl
        def open_storage(self, uri, options):
            return self._ask(f"open_storage {uri} {options}")

    def test_the_first_that_knows_the_scheme_opens_it_with_its_own_options(self):
        book: list[str] = []
        storage = Storage(pafs.LocalFileSystem(), "/x")
        asked = services(
            self.Store(name="a", book=book),
            self.Store(name="b", book=book, answer=storage),
            self.Store(name="c", book=book, answer=storage),
        )

        assert asked.open_storage("lake://x", lambda name: {"of": name}) is storage
        assert book == [
            "a open_storage lake://x {'of': 'a'}",
            "b open_storage lake://x {'of': 'b'}",
        ]

    def test_what_is_no_storage_breaks_the_contract(self):
        asked = services(self.Store(name="a", book=[], answer="/x"))

        with (
            capture_logs(),
            pytest.raises(PluginError, match="open_storage: it returned str, not Storage"),
        ):
            asked.open_storage("lake://x", lambda name: {})


class TestWrapStream:
    @service
    class Wrap(Told):
        @hookimpl
        def wrap_stream(self):
            return self._ask("wrap_stream")

    @service
    class Around:
        name: str = option(help="for the test")
        book: list[str] = option(help="where it is written down")

        @hookimpl
        def wrap_stream(self, flight):
            def wrapped(request, read):
                self.book.append(f"{self.name} begins {flight.name[0]}")
                yield from read(request)
                self.book.append(f"{self.name} ends")

            return wrapped

    def read(self, memory: Any, mount: Any, *plugins: Any) -> list[pa.RecordBatch]:
        mounted: Mount = mount(memory({"a": TABLE}, batch_rows=3), services=plugins)
        return list(mounted.stream_batches(Flight("a"), ScanRequest()))

    def test_the_first_in_the_configuration_is_outermost(self, memory, mount):
        book: list[str] = []

        batches = self.read(
            memory,
            mount,
            self.Around(name="a", book=book),
            self.Wrap(name="none", book=book),
            self.Around(name="b", book=book),
        )

        assert batches == TABLE.to_batches()
        assert book == [
            "none wrap_stream",
            "a begins a",
            "b begins a",
            "b ends",
            "a ends",
        ]

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (RuntimeError("s3cr3t"), "the plugin 'wrap' failed in wrap_stream"),
            (
                "no function",
                "the plugin 'wrap' broke the contract of wrap_stream: it returned str, not a"
                " function",
            ),
            (
                lambda request, read: None,
                "the plugin 'wrap' broke the contract of wrap_stream: it returned NoneType, not"
                " batches",
            ),
            (lambda: [], "the plugin 'wrap' failed in wrap_stream"),
        ],
    )
    def test_a_wrapper_that_is_wrong_is_named(self, memory, mount, answer, message):
        with capture_logs(), pytest.raises(PluginError) as caught:
            self.read(memory, mount, self.Wrap(name="wrap", book=[], answer=answer))

        assert (caught.value.message, caught.value.flight) == (message, "s/a")

    def test_a_failure_below_is_the_adapters_not_the_wrappers(self, memory, mount):
        @adapter
        class Broken(memory({"a": TABLE})):
            @hookimpl
            def stream_batches(self, flight):
                raise ValueError("s3cr3t")

        mounted = mount(Broken, services=[self.Around(name="a", book=[])])

        with capture_logs() as logs, pytest.raises(PluginError) as caught:
            list(mounted.stream_batches(Flight("a"), ScanRequest()))

        assert caught.value.plugin == "memory"
        assert logged(logs, "plugin", "hook") == [("plugin_failed", "memory", "stream_batches")]


class TestWrappers:
    """Pluggy wrappers of services around the hooks of an adapter."""

    @service
    class Wrapper:
        name: str = option(help="for the test")
        book: list[str] = option(help="where it is written down")

        @hookimpl(wrapper=True)
        def get_schema(self):
            self.book.append(f"{self.name} before")
            schema = yield
            self.book.append(f"{self.name} after")
            return schema.append(pa.field(self.name, pa.null()))

    def test_the_first_in_the_configuration_wraps_outermost(self, memory, mount):
        book: list[str] = []
        wrappers = [self.Wrapper(name=name, book=book) for name in "ab"]

        schema = mount(memory({"t": TABLE}), services=wrappers).get_schema(Flight("t"))

        assert schema.names == ["x", "b", "a"]
        assert book == ["a before", "b before", "b after", "a after"]


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


class TestMount:
    """What an adapter may answer, held against the contract."""

    def adapter(self, mount: Any, **answers: Any) -> Mount:
        def answer(hook: str) -> Any:
            if isinstance(answers[hook], BaseException):
                raise answers[hook]
            return answers[hook]

        @adapter
        class Lake:
            source: Source
            _unset: int = field(init=False)

            if "list_flights" in answers:

                @hookimpl
                def list_flights(self):
                    return answer("list_flights")

            if "find_flight" in answers:

                @hookimpl
                def find_flight(self):
                    return answer("find_flight")

            if "get_schema" in answers:

                @hookimpl
                def get_schema(self):
                    return answer("get_schema")

            if "plan_partitions" in answers:

                @hookimpl
                def plan_partitions(self):
                    return answer("plan_partitions")

            if "write_batches" in answers:

                @hookimpl
                def write_batches(self):
                    return answer("write_batches")

        return mount(Lake, name="lake")

    def test_flights_outside_the_prefix_are_left_out(self, mount):
        flights = [Flight("a/b"), Flight("a/c"), Flight("ab"), Flight("a")]
        lake = self.adapter(mount, list_flights=flights)

        assert lake.list_flights() == flights
        assert lake.list_flights(("a",)) == [flights[0], flights[1], flights[3]]

    @pytest.mark.parametrize(
        ("hook", "answer", "problem"),
        [
            ("list_flights", None, "it returned None, not flights"),
            ("list_flights", ["a"], "it gave str, not Flight"),
            ("list_flights", [None], "it gave NoneType, not Flight"),
            ("find_flight", "a", "it gave str, not Flight"),
            ("find_flight", Flight("b"), "it gave 'b' for 'a'"),
            ("get_schema", None, "it gave NoneType, not Schema"),
            ("get_schema", {"x": "int64"}, "it gave dict, not Schema"),
            (
                "get_schema",
                pa.schema([("x", pa.int64()), ("x", pa.int8())]),
                "two columns have one name",
            ),
            ("plan_partitions", 5, "it gave int, not Sequence"),
            ("write_batches", None, "it gave NoneType, not Mapping"),
            ("write_batches", {"rows": "many"}, "it gave str for the count 'rows', not int"),
        ],
    )
    def test_an_answer_that_is_wrong_is_named(self, mount, hook, answer, problem):
        with capture_logs() as logs, pytest.raises(PluginError) as caught:
            self.call(self.adapter(mount, **{hook: answer}), hook)

        assert caught.value.message == f"the plugin 'lake' broke the contract of {hook}: {problem}"
        assert logged(logs, "plugin", "version", "hook", "problem") == [
            ("plugin_broke_contract", "lake", "1.0", hook, problem)
        ]

    @pytest.mark.parametrize(
        "hook",
        ["list_flights", "find_flight", "get_schema", "plan_partitions", "write_batches"],
    )
    def test_a_failure_is_named(self, mount, hook):
        with capture_logs() as logs, pytest.raises(PluginError) as caught:
            self.call(self.adapter(mount, **{hook: ValueError("s3cr3t")}), hook)

        assert caught.value.message == f"the plugin 'lake' failed in {hook}"
        assert caught.value.flight == (None if hook == "list_flights" else "s/a")
        assert logged(logs, "plugin", "version", "hook") == [("plugin_failed", "lake", "1.0", hook)]

    def test_a_listing_that_fails_in_the_middle_fails(self, mount):
        def flights():
            yield Flight("a")
            raise RuntimeError("s3cr3t")

        with capture_logs(), pytest.raises(PluginError):
            self.adapter(mount, list_flights=flights()).list_flights()

    def test_optional_hooks_may_be_missing(self, mount):
        lake = self.adapter(mount)

        assert lake.find_flight(("a",)) is None
        assert lake.plan_partitions(Flight("a"), ScanRequest(), 2) is None
        with pytest.raises(Unsupported) as caught:
            lake.write_batches(Flight("a"), iter(()), "append")
        assert caught.value.message == (
            "the flight 's/a' cannot be written: its adapter 'lake' only reads"
        )

    @pytest.mark.parametrize(
        "name", [("..",), ("a", "", "b"), ("a\0b",), (".",), ("",), ("\ud800",)]
    )
    def test_no_adapter_is_asked_for_a_name_that_no_flight_can_have(self, mount, name):
        lake = self.adapter(mount, find_flight=AssertionError("it was asked"))

        assert lake.find_flight(name) is None

    def call(self, lake: Mount, hook: str) -> Any:
        flight, request = Flight("a"), ScanRequest()
        match hook:
            case "list_flights":
                return lake.list_flights()
            case "find_flight":
                return lake.find_flight(("a",))
            case "get_schema":
                return lake.get_schema(flight)
            case "plan_partitions":
                return lake.plan_partitions(flight, request, 2)
            case "write_batches":
                return lake.write_batches(flight, iter(()), "append")


@pytest.mark.parametrize(
    "name", ["", "/", "a//b", "a/", "..", "a/../b", ".", "a\nb", "a\0", "\ud800", ("a/b",), ()]
)
def test_a_flight_cannot_have_a_name_that_means_something_else(name):
    with pytest.raises(ValueError, match="is not a flight name"):
        Flight(name)


def test_an_error_of_ours_from_a_hook_gets_the_flights_name(mount):
    @adapter
    class Lake:
        source: Source

        @hookimpl
        def get_schema(self, flight):
            raise ConfigError("the flight has no schema yet")

    with pytest.raises(FlightStreamError) as caught:
        mount(Lake).get_schema(Flight("a/b"))

    assert (caught.value.code, caught.value.flight) == ("config_error", "s/a/b")
