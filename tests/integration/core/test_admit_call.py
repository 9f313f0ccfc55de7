"""Calls that plugins admit, refuse, or give an allowance to, over the wire."""

import itertools
import json
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight

from flightstream import (
    Allowance,
    CallRecord,
    Identity,
    LimitExceeded,
    PluginError,
    StartedCall,
    Unauthenticated,
    adapter,
    hookimpl,
    service,
)

NUMBERS = pa.table({"n": range(100)})
PATH = flight.FlightDescriptor.for_path("s", "numbers")


@service
class Tokens:
    """Takes the header ``x-name`` for the name of who asks."""

    @hookimpl
    def authenticate(self, credentials):
        [name] = credentials.headers.get("x-name", ("",))
        if not name:
            raise Unauthenticated("say a name")
        return Identity(name, {"reader", "analyst"})


class Gate:
    """What a plugin is asked and told, and what it answers."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.asked: list[StartedCall] = []
        self.ended: list[CallRecord] = []

    def plugin(self, name: str = "Gatekeeper") -> type[Any]:
        gate = self

        class Gatekeeper:
            @hookimpl
            def admit_call(self, call):
                gate.asked.append(call)
                if isinstance(gate.answer, BaseException):
                    raise gate.answer
                return gate.answer

            @hookimpl
            def on_call_finished(self, record):
                gate.ended.append(record)

        return service(type(name, (Gatekeeper,), {}))


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def numbers(memory):
    """An adapter of a hundred numbers, in batches of ten."""
    return memory({"numbers": NUMBERS}, batch_rows=10)


def each_method(raw: Any, options: Any) -> dict[str, Any]:
    """Return a function for each RPC of Arrow Flight that reads or writes."""

    def exchange() -> Any:
        writer, reader = raw.do_exchange(PATH, options)
        with writer:
            reader.read_chunk()

    return {
        "ListFlights": lambda: list(raw.list_flights(b"", options)),
        "GetFlightInfo": lambda: raw.get_flight_info(PATH, options),
        "GetSchema": lambda: raw.get_schema(PATH, options),
        "DoGet": lambda: raw.do_get(flight.Ticket(b"s/numbers"), options).read_all(),
        "DoAction": lambda: list(raw.do_action("health", options)),
        "ListActions": lambda: list(raw.list_actions(options)),
        "DoPut": lambda: raw.do_put(PATH, NUMBERS.schema, options)[0].close(),
        "DoExchange": exchange,
        "Handshake": lambda: raw.authenticate_basic_token("ann", "-", options),
    }


METHODS = list(each_method(None, None))
ANN = flight.FlightCallOptions(headers=[(b"x-name", b"ann")])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_asked_once_it_is_known_who_asks(serve, gate, numbers, until, method):
    gate.answer = LimitExceeded("no more for now", retry_after_seconds=2.5)
    served = serve(Tokens, gate.plugin(), numbers)

    with pytest.raises(pa.ArrowException, match="no more for now"):
        each_method(served.raw, ANN)[method]()

    [asked] = gate.asked
    assert (asked.method, asked.identity) == (method, Identity("ann", {"reader", "analyst"}))
    # Of a Handshake Arrow does not tell where it comes from.
    assert asked.address == ("unknown" if method == "Handshake" else "::/64")
    [record] = until(lambda: gate.ended)
    assert (record.call, record.code) == (asked.call, "limit_exceeded")
    assert (record.subject, record.roles) == ("ann", ("analyst", "reader"))


@pytest.mark.parametrize("method", METHODS)
def test_who_is_refused_is_not_asked_for(serve, gate, numbers, until, method):
    served = serve(Tokens, gate.plugin(), numbers)

    with pytest.raises(pa.ArrowException, match="say a name"):
        each_method(served.raw, flight.FlightCallOptions())[method]()

    [record] = until(lambda: gate.ended)
    assert (gate.asked, record.code) == ([], "unauthenticated")
    assert (record.subject, record.roles) == (None, ())


def test_a_refusal_comes_before_any_source_and_before_the_command_is_read(
    serve, gate, numbers, refused
):
    gate.answer = LimitExceeded("no more for now")
    served = serve(gate.plugin(), numbers)

    for nonsense in (b"{", b"s/gone", b"s/numbers"):
        assert refused(served.get, nonsense)["code"] == "limit_exceeded"
    assert [record.flight for record in gate.ended] == [None] * 3


def test_clients_learn_when_to_try_again(serve, gate, numbers, refused):
    gate.answer = LimitExceeded("no more for now", retry_after_seconds=2.5)
    served = serve(gate.plugin(), numbers)

    with pytest.raises(LimitExceeded) as caught:
        served.client.read("numbers")

    assert (caught.value.message, caught.value.retry_after_seconds) == ("no more for now", 2.5)
    assert refused(served.get, b"numbers")["retry_after_seconds"] == 2.5


@pytest.mark.parametrize("answer", [RuntimeError("s3cr3t"), "yes"])
def test_a_plugin_that_fails_admits_nobody(serve, gate, numbers, answer):
    gate.answer = answer
    served = serve(gate.plugin(), numbers)

    with pytest.raises(PluginError) as caught:
        served.client.read("numbers")

    assert (caught.value.plugin, "s3cr3t" in caught.value.message) == ("gatekeeper", False)


def test_who_was_asked_is_told_of_the_end_also_where_another_refuses(serve, gate, numbers, refused):
    other = Gate()
    other.answer = LimitExceeded("not from me")
    served = serve(gate.plugin(), other.plugin("Other"), numbers)

    refused(served.get, b"numbers")

    [asked], [record] = gate.asked, gate.ended
    assert (asked.call, record.code) == (record.call, "limit_exceeded")
    assert other.ended == [record]


@pytest.mark.parametrize(
    ("ticket", "code"),
    [(b"s/gone", "not_found"), (b"{", "invalid_command"), (b"s/numbers", "ok")],
)
def test_every_call_that_was_admitted_is_told_of_when_it_ends(
    serve, gate, numbers, until, ticket, code
):
    served = serve(gate.plugin(), numbers)

    if code == "ok":
        served.get(ticket)
    else:
        with pytest.raises(pa.ArrowException):
            served.get(ticket)

    [record] = until(lambda: gate.ended)
    assert (record.call, record.code) == (gate.asked[0].call, code)


def test_a_scan_that_its_client_leaves_is_told_of(serve, gate, memory, until):
    @adapter
    class Endless(memory({"numbers": NUMBERS})):
        @hookimpl
        def stream_batches(self):
            yield from itertools.repeat(NUMBERS.to_batches()[0])

    served = serve(gate.plugin(), Endless)
    reader = served.raw.do_get(flight.Ticket(b"s/numbers"))
    reader.read_chunk()
    assert gate.ended == []

    reader.cancel()
    del reader

    [record] = until(lambda: gate.ended)
    assert record.call == gate.asked[0].call


def test_an_action_is_told_by_its_name(serve, gate, numbers):
    served = serve(gate.plugin(), numbers)

    served.client.action("health")

    assert [(record.method, record.action) for record in gate.ended] == [("DoAction", "health")]


class TestAllowance:
    def test_as_many_rows_as_are_allowed_are_read(self, serve, gate, numbers):
        gate.answer = Allowance(rows=100, bytes=800)
        served = serve(gate.plugin(), numbers)

        assert served.get(b"numbers") == NUMBERS

    @pytest.mark.parametrize(
        ("allowance", "told"),
        [
            (Allowance(rows=99), "your limit of rows in one scan is 99"),
            (Allowance(bytes=799), "your limit of bytes in one scan is 799"),
            (Allowance(rows=0), "your limit of rows in one scan is 0"),
        ],
    )
    def test_a_scan_of_more_ends_with_an_error(self, serve, gate, numbers, until, allowance, told):
        gate.answer = allowance
        served = serve(gate.plugin(), numbers)

        with pytest.raises(LimitExceeded, match=f"^{told}, and this one has more: ask for less"):
            served.client.read("numbers")

        [record] = until(lambda: [one for one in gate.ended if one.method == "DoGet"])
        assert (record.code, record.flight) == ("limit_exceeded", "s/numbers")
        assert record.rows <= (allowance.rows if allowance.rows is not None else 99)
        assert record.bytes <= (allowance.bytes if allowance.bytes is not None else 792)

    def test_what_is_left_out_does_not_count(self, serve, gate, numbers):
        gate.answer = Allowance(rows=5)
        served = serve(gate.plugin(), numbers)

        assert served.client.read("numbers", limit=5, offset=50)["n"].to_pylist() == [
            *range(50, 55)
        ]
        assert served.client.read("numbers", filter="n > 94").num_rows == 5

    def test_no_other_method_has_to_do_with_it(self, serve, gate, numbers):
        gate.answer = Allowance(rows=0, bytes=0)
        served = serve(gate.plugin(), numbers)

        assert served.names() == ["s/numbers"]
        assert served.info(b"numbers").schema == NUMBERS.schema
        assert json.loads(*served.client.action("health"))["status"] == "ok"

    def test_of_several_plugins_the_least_counts(self, serve, gate, numbers):
        other = Gate()
        gate.answer, other.answer = Allowance(rows=50), Allowance(rows=1000, bytes=400)
        served = serve(gate.plugin(), other.plugin("Other"), numbers)

        assert served.client.read("numbers", limit=50).num_rows == 50
        with pytest.raises(LimitExceeded, match="limit of rows in one scan is 50,"):
            served.client.read("numbers", limit=51)
