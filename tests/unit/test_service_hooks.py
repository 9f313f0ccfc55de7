"""The hooks of services: in which order they are asked, and what becomes of answers."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from structlog.testing import capture_logs

from flightstream import (
    Allowance,
    Credentials,
    Flight,
    Grant,
    Identity,
    LimitExceeded,
    PermissionDenied,
    PluginError,
    ScanRequest,
    StartedCall,
    Storage,
    Unauthenticated,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.registry import Mount, Plugin, Services

TABLE = pa.table({"x": [1, 2, 3]})


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


class TestIssueToken:
    @service
    class Issuer(Told):
        @hookimpl
        def issue_token(self, identity):
            return self._ask(f"token for {identity.subject}")

    def ask(self, *answers: Any) -> str | None:
        self.book: list[str] = []
        plugins = [
            self.Issuer(name=str(n), book=self.book, answer=a) for n, a in enumerate(answers)
        ]
        return services(*plugins).issue_token(Identity("ann"), Credentials())

    def test_without_a_plugin_there_is_none(self):
        assert self.ask() is None

    def test_the_first_that_has_one_decides(self):
        assert self.ask(None, "a.b-c_d~e+f/g==", "other") == "a.b-c_d~e+f/g=="
        assert self.book == ["0 token for ann", "1 token for ann"]

    @pytest.mark.parametrize("answer", ["", "a b", "a\r\nx: y", "größe", "a=b", b"bytes", 7])
    def test_what_fits_into_no_header_is_refused_and_not_told(self, answer):
        with capture_logs() as logs, pytest.raises(PluginError) as caught:
            self.ask(answer)

        assert "x: y" not in f"{caught.value} {logs}"

    def test_a_failure_refuses(self):
        with capture_logs(), pytest.raises(PluginError):
            self.ask(RuntimeError("s3cr3t"))


class TestAdmitCall:
    @service
    class Limits(Told):
        @hookimpl
        def admit_call(self, call):
            return self._ask(f"{call.method} {call.identity.subject} {call.address}")

    def ask(self, *answers: Any) -> Allowance:
        self.book: list[str] = []
        plugins = [
            self.Limits(name=str(n), book=self.book, answer=a) for n, a in enumerate(answers)
        ]
        call = StartedCall(
            call="c0ffee", method="DoGet", identity=Identity("ann"), peer="ipv4:192.0.2.1:5"
        )
        return services(*plugins).admit_call(call)

    def test_no_plugin_and_no_answer_are_no_limit(self):
        assert self.ask() == self.ask(None, None) == Allowance()
        assert self.book == ["0 DoGet ann 192.0.2.1", "1 DoGet ann 192.0.2.1"]

    def test_the_least_that_anyone_allows_counts(self):
        allowed = self.ask(Allowance(rows=5), None, Allowance(rows=9, bytes=7), Allowance(bytes=0))

        assert allowed == Allowance(rows=5, bytes=0)

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (LimitExceeded("no more", retry_after_seconds=2.5), LimitExceeded),
            (PermissionDenied("no"), PermissionDenied),
            (RuntimeError("s3cr3t"), PluginError),
            (10, PluginError),
        ],
    )
    def test_any_exception_refuses_and_the_others_are_not_asked(self, answer, error):
        with capture_logs(), pytest.raises(error) as caught:
            self.ask(None, answer, Allowance())

        assert "s3cr3t" not in caught.value.message
        assert len(self.book) == 2

    @pytest.mark.parametrize("limit", [-1, 1.5, "10"])
    def test_an_allowance_is_a_number_of_things(self, limit):
        for name in ("rows", "bytes"):
            with pytest.raises((TypeError, ValueError)):
                Allowance(**{name: limit})


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

        assert asked.open_storage("lake://x", lambda plugin: {"of": plugin.name}) is storage
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
            asked.open_storage("lake://x", lambda _: {})


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
