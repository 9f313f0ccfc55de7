"""Quotas in a real server, with real clients that go over them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pyarrow as pa
import pytest
from flightstream_quotas import Quotas
from pyarrow import flight

import flightstream
from flightstream import (
    Client,
    FlightStreamError,
    Identity,
    LimitExceeded,
    Unauthenticated,
    hookimpl,
    service,
)
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

DEADLINE_SECONDS = 20.0
NUMBERS = "empty/numbers"
# More than the transport takes ahead of a client: such a scan runs until its client is done.
LONG = {"batches": 2000, "batch_rows": 20_000}


@service
class Names:
    """Takes a bearer token for the name of who asks, and its first letter for a role."""

    @hookimpl
    def authenticate(self, credentials):
        [value, *_] = credentials.headers.get("authorization", ("",))
        if not value.startswith("Bearer "):
            raise Unauthenticated("say a name")
        name = value.removeprefix("Bearer ")
        return Identity(name, {f"team-{name[0]}"})


class Clients:
    """A server with quotas, and clients of it by name."""

    def __init__(self, uri: str, stack: ExitStack) -> None:
        self._uri, self._stack = uri, stack

    def named(self, name: str) -> Client:
        return self._stack.enter_context(flightstream.connect(self._uri, token=name))

    def raw(self, name: str) -> tuple[Any, Any]:
        """Return a client of pyarrow, and the options of each of its calls."""
        headers = [(b"authorization", f"Bearer {name}".encode())]
        options = flight.FlightCallOptions(headers=headers, timeout=DEADLINE_SECONDS)
        return self._stack.enter_context(flight.connect(self._uri)), options


@pytest.fixture
def clients(serve: Callable[..., Any]) -> Iterator[Callable[..., Clients]]:
    """Return a function that starts a server with quotas."""
    with ExitStack() as stack:

        def start(numbers: dict[str, Any] | None = None, **quotas: Any) -> Clients:
            plugins = {"enabled": [], "quotas": quotas, "faulty": numbers or {}}
            served = serve(Quotas, Names, FaultyAdapter, config={"plugins": plugins})
            return Clients(served.uri, stack)

        yield start


def read_once_there_is_room(client: Client) -> pa.Table:
    """Read some rows, trying again for as long as a scan too many runs."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            return client.read(NUMBERS, limit=5)
        except LimitExceeded as exc:
            assert time.monotonic() < deadline, exc


def begin(raw: Any, options: Any) -> Any:
    """Begin a scan, trying again for as long as a scan too many runs."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            return raw.do_get(flight.Ticket(NUMBERS.encode()), options)
        except flight.FlightServerError as exc:
            assert b"limit_exceeded" in exc.extra_info
            assert time.monotonic() < deadline, exc


def leave(client: Client) -> None:
    """Begin a scan, and do not read it to its end."""
    with closing(client.stream(NUMBERS)) as batches:
        next(iter(batches))


def is_over(client: Client) -> bool:
    try:
        client.read(NUMBERS, limit=5)
    except LimitExceeded as exc:
        assert exc.message == "your limit of concurrent scans is 2: try again when one has ended"
        assert exc.retry_after_seconds == 1.0
        return True
    return False


class TestConcurrentScans:
    def test_one_subject_takes_no_room_from_another(self, clients):
        server = clients(LONG, default={"concurrent_scans": 2})
        raw, options = server.raw("ada")
        readers = [raw.do_get(flight.Ticket(NUMBERS.encode()), options) for _ in range(2)]
        for reader in readers:
            reader.read_chunk()

        assert is_over(server.named("ada"))
        assert not is_over(server.named("bob"))

        readers[0].cancel()
        assert read_once_there_is_room(server.named("ada")).num_rows == 5

    def test_a_scan_that_is_read_to_its_end_makes_room_at_once(self, clients):
        ada = clients({"batches": 3}, default={"concurrent_scans": 1}).named("ada")

        for _ in range(20):
            assert ada.read(NUMBERS).num_rows == 24

    def test_scans_that_are_left_make_room(self, clients):
        ada = clients(LONG, default={"concurrent_scans": 1}).named("ada")

        for _ in range(5):
            leave(ada)
            assert read_once_there_is_room(ada).num_rows == 5

    def test_scans_that_nobody_reads_make_room_when_their_client_goes(self, clients):
        server = clients(LONG, default={"concurrent_scans": 1})
        for _ in range(5):
            raw, options = server.raw("ada")
            begin(raw, options)
            raw.close()

        assert read_once_there_is_room(server.named("ada")).num_rows == 5

    @pytest.mark.parametrize(
        "fault", [{"fault": "crash"}, {"fault": "unavailable", "hook": "get_schema"}]
    )
    def test_scans_that_fail_make_room(self, clients, fault):
        raw, options = (server := clients(fault, default={"concurrent_scans": 1})).raw("ada")

        for _ in range(5):
            with pytest.raises(flight.FlightError) as caught:
                raw.do_get(flight.Ticket(NUMBERS.encode()), options).read_all()
            assert b"limit_exceeded" not in caught.value.extra_info
        for ticket in (b"gone", b"{"):
            with pytest.raises(pa.ArrowException) as caught:
                raw.do_get(flight.Ticket(ticket), options).read_all()
            assert b"limit_exceeded" not in caught.value.extra_info
        with pytest.raises(FlightStreamError) as told:
            server.named("ada").read(NUMBERS)
        assert told.value.code != "limit_exceeded"


class TestCallsPerMinute:
    def test_two_clients_have_their_own(self, clients):
        server = clients(limits=[{"subjects": ["ada"], "calls_per_minute": 10}])
        ada, bob = server.named("ada"), server.named("bob")

        outcomes = [_code(ada.flights) for _ in range(12)]

        assert outcomes[:10] == ["ok"] * 10
        assert "limit_exceeded" in outcomes[10:]
        assert [_code(bob.flights) for _ in range(12)] == ["ok"] * 12

    def test_another_client_of_the_same_subject_shares_them(self, clients):
        server = clients(default={"calls_per_minute": 5})
        first, second = server.named("ada"), server.named("ada")

        codes = [_code(one.flights) for one in (first, second) * 4]

        assert codes[:5] == ["ok"] * 5
        assert "limit_exceeded" in codes[5:]

    def test_the_hint_says_which_limit_and_when_there_is_a_call_again(self, clients):
        ada = clients(default={"calls_per_minute": 300}).named("ada")
        refused = None
        while refused is None:
            try:
                ada.flights()
            except LimitExceeded as exc:
                refused = exc
        assert refused.message.startswith("your limit of calls a minute is 300: try again in 0.")
        assert 0 < refused.retry_after_seconds <= 0.2

        deadline = time.monotonic() + DEADLINE_SECONDS
        while _code(ada.flights) != "ok":
            assert time.monotonic() < deadline

    def test_calls_that_are_refused_for_their_credentials_cost_nobody(self, clients, serve):
        server = clients(default={"calls_per_minute": 3})
        raw, _ = server.raw("ada")
        for _ in range(10):
            with pytest.raises(flight.FlightUnauthenticatedError):
                list(raw.list_flights())

        assert _code(server.named("ada").flights) == "ok"


class TestOneScan:
    def test_more_rows_than_the_role_may_have_are_an_error(self, clients):
        server = clients(
            {"batches": 4, "batch_rows": 8},
            limits=[{"roles": ["team-a"], "rows_per_scan": 31}],
            default={"rows_per_scan": 32},
        )

        assert server.named("bob").read(NUMBERS).num_rows == 32
        assert server.named("ada").read(NUMBERS, limit=31).num_rows == 31
        with pytest.raises(LimitExceeded, match=r"^your limit of rows in one scan is 31"):
            server.named("ada").read(NUMBERS)

    def test_more_bytes_than_are_allowed_are_an_error(self, clients):
        server = clients(LONG, default={"bytes_per_scan": "1 MiB"})
        ada = server.named("ada")

        assert ada.read(NUMBERS, columns=["n"], limit=20_000).nbytes == 160_000
        with pytest.raises(
            LimitExceeded, match=r"^your limit of bytes in one scan is 1048576"
        ) as told:
            ada.read(NUMBERS)
        assert told.value.retry_after_seconds is None


def _code(call: Callable[[], Any]) -> str:
    try:
        list(call())
    except FlightStreamError as exc:
        return exc.code
    return "ok"
