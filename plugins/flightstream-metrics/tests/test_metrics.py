"""What is counted is what clients had from a real server."""

import math
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight

import flightstream
from flightstream import (
    Allowance,
    Flight,
    FlightStreamError,
    Grant,
    Identity,
    LimitExceeded,
    Source,
    Unauthenticated,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]

THREADS = 16
SECRET = "s3cr3t"


@adapter
class Endless:
    """Has a flight of every name, and lists none."""

    source: Source

    @hookimpl
    def list_flights(self):
        return []

    @hookimpl
    def find_flight(self, name):
        return Flight(name, version="1")

    @hookimpl
    def get_schema(self):
        return pa.schema([("n", pa.int64())])

    @hookimpl
    def stream_batches(self):
        yield pa.record_batch({"n": [1, 2, 3]})


@service
class Tokens:
    """Knows one token; who has it may do little."""

    refused: str = option("ListActions", help="the method that is not admitted")

    @hookimpl
    def authenticate(self, credentials):
        if credentials.headers.get("authorization") != (f"Bearer {SECRET}",):
            raise Unauthenticated("no such token")
        return Identity("ada")

    @hookimpl
    def admit_call(self, call):
        if call.method == self.refused:
            raise LimitExceeded("not now")
        return Allowance(rows=20)

    @hookimpl
    def authorize(self, path, operation):
        return Grant(rows=["n < 1000"]) if operation == "read" else None


@service
class Clumsy:
    """Fails where it changes nothing for clients."""

    @hookimpl
    def on_call_finished(self, record):
        raise RuntimeError(SECRET)

    @hookimpl
    def on_plugin_failed(self, failure):
        raise RuntimeError(SECRET)


def test_calls_rows_and_bytes_of_sixteen_clients_are_those_that_they_counted(watched, site):
    numbers = {"faulty": {"batches": 6, "batch_rows": 50}}
    served = watched(FaultyAdapter, plugins=numbers)

    def read(thread: int) -> Counter[str]:
        had: Counter[str] = Counter()
        with flightstream.connect(served.uri) as client:
            for _ in range(5):
                # Of a column whose validity the server has allocated, clients get less.
                wanted = {"columns": ["n"], "filter": f"n >= {thread * 10}"}
                for batch in client.stream("numbers", **wanted):
                    had += {"rows": batch.num_rows, "bytes": batch.nbytes, "batches": 1}
            had["streams"] += 5
            with pytest.raises(FlightStreamError):
                client.read("gone")
        return had

    with ThreadPoolExecutor(THREADS) as pool:
        had = sum(pool.map(read, range(THREADS)), Counter())

    site.becomes(0, lambda site: site.samples()["flightstream_active_calls",])
    assert site.of("flightstream_calls_total") == {
        ("faulty", "ok", "DoGet", "empty"): had["streams"],
        ("faulty", "ok", "GetFlightInfo", "empty"): had["streams"],
        ("not_found", "GetFlightInfo"): THREADS,
    }
    where = ("faulty", "empty")
    assert site.of("flightstream_sent_rows_total") == {where: had["rows"]}
    assert site.of("flightstream_sent_bytes_total") == {where: had["bytes"]}
    assert site.of("flightstream_sent_batches_total") == {where: had["batches"]}
    assert site.of("flightstream_read_rows_total") == {where: 300 * had["streams"]}
    assert site.of("flightstream_residual_scans_total") == {
        (*where, work): had["streams"] for work in ("columns", "filter")
    }
    assert site.of("flightstream_first_batch_seconds_count") == {where: had["streams"]}
    durations = site.of("flightstream_call_duration_seconds_count")
    assert durations["faulty", "DoGet", "empty"] == had["streams"]
    spent = site.of("flightstream_call_phase_duration_seconds_sum")
    assert {phase for method, phase in spent if method == "DoGet"} == {
        "authenticate", "admit", "find", "plan", "queue", "first_batch", "stream",
    }  # fmt: skip
    assert math.fsum(value for key, value in spent.items() if key[0] == "DoGet") <= sum(
        value
        for key, value in site.of("flightstream_call_duration_seconds_sum").items()
        if "DoGet" in key
    )


def test_a_stream_under_way_is_active_until_it_ends(watched, site):
    served = watched(FaultyAdapter, plugins={"faulty": {"fault": "stall"}})
    assert site.samples()["flightstream_active_scans",] == 0

    reader = flight.connect(served.uri).do_get(flight.Ticket(b"empty/numbers"))
    reader.read_chunk()

    samples = site.samples()
    active = samples["flightstream_active_calls",], samples["flightstream_active_scans",]
    assert active == (1, 1)
    assert ("flightstream_calls_total", "faulty", "ok", "DoGet", "empty") not in samples


def test_what_clients_write_makes_no_series(watched, site):
    served = watched(FaultyAdapter, options={"flight_label": True})
    served.client.read("numbers")
    raw = flight.connect(served.uri)
    before = set(site.samples())

    for number in range(30):
        name = f"guess-{number}"
        for hopeless in (
            lambda name=name: raw.get_flight_info(flight.FlightDescriptor.for_path(name)),
            lambda name=name: raw.get_flight_info(flight.FlightDescriptor.for_path(name, "x")),
            lambda name=name: raw.do_get(flight.Ticket(name.encode())).read_all(),
            lambda name=name: list(raw.do_action(flight.Action(name, b""))),
            lambda name=name: list(raw.list_flights(name.encode())),
            lambda name=name: raw.do_get(flight.Ticket(b'{"flight": "%s' % name.encode())),
        ):
            try:
                hopeless()
            except pa.ArrowException:
                continue

    after = set(site.samples())
    assert "guess" not in site.get("/metrics")[1]
    new = {key for key in after - before if not key[0].endswith("_bucket")}
    assert len(new) < 50
    again = len(after)
    with pytest.raises(pa.ArrowException):
        raw.get_flight_info(flight.FlightDescriptor.for_path("one more"))
    assert len(site.samples()) == again


def test_flights_are_told_apart_if_that_is_wanted_but_not_more_than_a_thousand(watched, site):
    served = watched(Endless, options={"flight_label": True})
    raw = flight.connect(served.uri)

    for number in range(1010):
        raw.do_get(flight.Ticket(b"empty/%d" % number)).read_all()

    site.becomes(0, lambda site: site.samples()["flightstream_active_calls",])
    rows = site.of("flightstream_sent_rows_total")
    assert len(rows) == 1001
    assert rows["endless", "empty/7", "empty"] == 3
    assert rows["endless", "(other)", "empty"] == 30


def test_flights_are_not_told_apart_otherwise(watched, site):
    served = watched(Endless)
    for name in ("a", "b"):
        served.client.read(f"empty/{name}")

    assert site.of("flightstream_sent_rows_total") == {("endless", "empty"): 6}


def test_logins_and_refusals_are_counted_and_no_secret_is_told(watched, site):
    served = watched(Tokens, FaultyAdapter, plugins={"faulty": {"batches": 4, "batch_rows": 8}})
    with pytest.raises(FlightStreamError):
        served.client.flights()
    with flightstream.connect(served.uri, token=SECRET) as ada:
        with pytest.raises(LimitExceeded):
            ada.read("numbers")
        with pytest.raises(LimitExceeded):
            ada.actions()

    site.becomes(0, lambda site: site.samples()["flightstream_active_calls",])
    assert site.of("flightstream_authentications_total") == {("accepted",): 3, ("refused",): 1}
    # The stream was let in, and had too many rows.
    assert site.of("flightstream_refused_calls_total") == {("limit_exceeded", "ListActions"): 1}
    calls = site.of("flightstream_calls_total")
    assert calls["faulty", "limit_exceeded", "DoGet", "empty"] == 1
    assert site.of("flightstream_residual_scans_total") == {("faulty", "empty", "rows"): 1}
    assert SECRET not in site.get("/metrics")[1]


def test_failures_of_plugins_are_counted_also_those_of_observers(watched, site):
    served = watched(Clumsy, FaultyAdapter, plugins={"faulty": {"fault": "crash"}})
    for _ in range(2):
        with pytest.raises(FlightStreamError):
            served.client.read("numbers")

    calls = 4
    site.becomes(
        {
            ("on_call_finished", "clumsy", "raised"): calls,
            ("stream_batches", "faulty", "raised"): 2,
        },
        lambda site: site.of("flightstream_plugin_failures_total"),
    )


@pytest.fixture
def two_sources(watched: Callable[..., Any], tmp_path: Any) -> Any:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return watched(FaultyAdapter, tmp_path / "one", tmp_path / "two")


def test_sources_and_the_process_are_told_as_they_are_now(two_sources, site):
    two_sources.client.flights()

    samples = site.samples()
    assert site.of("flightstream_source_flights") == {("one",): 1, ("two",): 1}
    assert site.of("flightstream_source_listing_failed") == {("one",): 0, ("two",): 0}
    for name in ("listing_age", "listing_duration", "listing_running"):
        assert set(site.of(f"flightstream_source_{name}_seconds")) == {("one",), ("two",)}
    assert samples["flightstream_ready",] == 1
    assert samples["flightstream_build_info", pa.__version__, flightstream.__version__] == 1
    if os.path.exists("/proc/self"):
        resident = two_sources.server.memory_bytes()
        assert resident / 2 < samples["process_resident_memory_bytes",] < resident * 2
        assert abs(samples["process_open_fds",] - two_sources.server.open_files()) < 10
    assert samples["flightstream_arrow_allocated_max_bytes",] >= 0
