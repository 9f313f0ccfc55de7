"""Streams that are parted, stale, left early, broken off, or shorter than they say."""

import json
import os
import threading
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight
from structlog.testing import capture_logs

import flightstream
from flightstream import (
    DataWarning,
    Flight,
    InvalidCommand,
    InvalidData,
    NotFound,
    Stale,
    Unavailable,
    adapter,
    hookimpl,
)

NUMBERS = pa.table({"n": range(100)})


class TestPartitions:
    @pytest.fixture
    def served(self, serve, memory):
        @adapter
        class Parted(memory({"n": NUMBERS}, pushes=["partitions"])):
            @hookimpl
            def plan_partitions(self, target):
                size = -(-NUMBERS.num_rows // min(target, 7))
                return [(start, size) for start in range(0, NUMBERS.num_rows, size)]

            @hookimpl
            def stream_batches(self, request):
                start, size = request.partition or (0, None)
                yield from NUMBERS.slice(start, size).to_batches(max_chunksize=9)

        return serve(Parted)

    @pytest.mark.parametrize(("wanted", "parts"), [(1, 1), (2, 2), (7, 7), (50, 7)])
    def test_the_rows_of_all_endpoints_in_order_are_the_whole(self, served, wanted, parts):
        command = json.dumps({"flight": "n", "partitions": wanted}).encode()
        info = served.info(command)

        assert (len(info.endpoints), info.ordered) == (parts, parts > 1)
        assert served.get_all(command) == NUMBERS

    def test_parts_may_be_read_in_any_order_at_once(self, served):
        tickets = [
            e.ticket.ticket for e in served.info(b'{"flight": "n", "partitions": 4}').endpoints
        ]
        read: dict[int, pa.Table] = {}
        threads = [
            threading.Thread(target=lambda k=k, t=t: read.update({k: served.get(t)}))
            for k, t in reversed(list(enumerate(tickets)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert pa.concat_tables(read[k] for k in sorted(read)) == NUMBERS

    def test_columns_and_filter_hold_in_each_part(self, served):
        command = b'{"flight": "n", "partitions": 3, "filter": "n >= 50"}'

        assert served.get_all(command) == NUMBERS.slice(50)

    @pytest.mark.parametrize("rest", [{"limit": 60}, {"offset": 40}, {"limit": 10, "offset": 45}])
    def test_limit_and_offset_are_of_the_whole_so_there_is_one_part(self, served, rest):
        command = json.dumps({"flight": "n", "partitions": 4, **rest}).encode()

        assert len(served.info(command).endpoints) == 1
        assert served.get_all(command) == NUMBERS.slice(rest.get("offset", 0), rest.get("limit"))

    def test_an_offset_resumes_a_part(self, served):
        ticket = json.loads(
            served.info(b'{"flight": "n", "partitions": 4}').endpoints[1].ticket.ticket
        )

        resumed = served.get(json.dumps({**ticket, "offset": 20}).encode())

        assert resumed == NUMBERS.slice(45, 5)


class TestFiles:
    @pytest.fixture
    def served(self, serve, folder, lines):
        (folder / "a.txt").write_text("one\ntwo\nthree\n")
        return serve(lines, listing_ttl_seconds=0)

    def test_a_file_that_appears_or_goes_is_seen_without_a_restart(self, served, folder):
        assert served.names() == ["s/a"]
        (folder / "deep").mkdir()
        (folder / "deep" / "b.txt").write_text("x\n")
        assert served.names() == ["s/a", "s/deep/b"]
        (folder / "a.txt").unlink()
        assert served.names() == ["s/deep/b"]
        with pytest.raises(NotFound):
            served.client.read("s/a")

    def test_a_refresh_sees_it_before_the_listing_is_old(self, serve, folder, lines):
        served = serve(lines, listing_ttl_seconds=3600)
        assert served.names() == []
        (folder / "b.txt").write_text("x\n")

        assert served.names() == []
        assert json.loads(*served.client.action("refresh")) == {"flights": 1}
        assert served.names() == ["s/b"]

    def test_a_ticket_for_a_file_that_has_changed_since_is_stale(self, served, folder, refused):
        ticket = served.info(b"a").endpoints[0].ticket.ticket
        assert served.get(ticket)["line"].to_pylist() == ["one", "two", "three"]
        (folder / "a.txt").write_text("four\n")

        assert refused(served.get, ticket)["code"] == "stale"
        assert served.get_all(b"a")["line"].to_pylist() == ["four"]

    def test_a_ticket_is_good_after_a_restart_but_not_under_other_options(
        self, serve, served, lines, refused
    ):
        ticket = served.info(b"a").endpoints[0].ticket.ticket

        assert serve(lines).get(ticket)["line"].to_pylist() == ["one", "two", "three"]
        upper = serve(lines, options={"lines": {"upper": True}})
        assert refused(upper.get, ticket)["code"] == "stale"
        assert upper.get_all(b"a")["line"].to_pylist() == ["ONE", "TWO", "THREE"]

    def test_a_file_that_changes_while_it_is_read_ends_the_stream(self, serve, folder, lines):
        (folder / "long.txt").write_text("line\n" * 100_000)
        reader = serve(lines).client.stream("long")
        rows = reader.read_next_batch().num_rows
        with (folder / "long.txt").open("a") as file:
            file.write("more\n")

        read = iter(lambda: reader.read_next_batch().num_rows, None)
        with pytest.raises(Stale):
            rows += sum(read)
        assert 0 < rows < 100_000

    def test_two_files_that_want_one_name_are_served_under_their_whole_names(
        self, served, folder, memory, serve, lines
    ):
        (folder / "a.TXT.gz").write_bytes(b"")
        (folder / "b.txt").write_text("b\n")
        (folder / "b.x.txt").write_text("c\n")

        @adapter
        class Other(lines):
            @hookimpl
            def list_flights(self):
                for file in self.source.files("a.*"):
                    yield Flight("a", origin=file, version=file.version)

        served = serve(lines, Other)

        assert served.names() == ["s/a.TXT.gz", "s/a.txt.lines", "s/a.txt.other", "s/b", "s/b.x"]
        with pytest.raises(InvalidCommand) as caught:
            served.client.read("s/a")
        assert caught.value.message == (
            "the name 's/a' is not unique: ask for 's/a.TXT.gz' or 's/a.txt.lines' or"
            " 's/a.txt.other'"
        )
        assert served.client.read("s/a.txt.lines")["line"].to_pylist() == ["one", "two", "three"]

    def test_a_bare_name_that_two_sources_have_is_ambiguous(self, serve, tmp_path, lines):
        for name in ("north", "south"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.txt").write_text(f"{name}\n")
        (tmp_path / "south" / "b.txt").write_text("b\n")
        served = serve(lines, sources={n: tmp_path / n for n in ("north", "south")})

        with pytest.raises(InvalidCommand) as caught:
            served.client.read("a")
        assert caught.value.message == (
            "the name 'a' is not unique: ask for 'north/a' or 'south/a'"
        )
        assert served.client.read("south/a")["line"].to_pylist() == ["south"]
        assert served.client.read("b")["line"].to_pylist() == ["b"]

    def test_a_source_that_goes_makes_its_flights_unavailable_not_unknown(
        self, serve, tmp_path, lines
    ):
        for name in ("north", "south"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.txt").write_text(f"{name}\n")
        sources = {name: tmp_path / name for name in ("north", "south")}
        served = serve(lines, sources=sources, listing_ttl_seconds=0)
        assert served.names() == ["north/a", "south/a"]

        os.rename(tmp_path / "north", tmp_path / "gone")

        assert served.names() == ["south/a"]
        with pytest.raises(Unavailable):
            served.client.read("north/a")
        assert json.loads(*served.client.action("health")) == {
            "status": "degraded",
            "ready": True,
            "failed_sources": ["north"],
        }


class TestLeavingEarly:
    """What a client has left is freed, whichever way it left."""

    @pytest.fixture
    def served(self, serve, folder, lines, opened, until):
        @adapter
        class Endless(lines):
            @hookimpl
            def get_schema(self):
                return pa.schema([("line", pa.string())])

            @hookimpl
            def stream_batches(self, flight):
                with flight.origin.open():
                    while True:
                        yield pa.record_batch({"line": ["x" * 10_000]})

        (folder / "a.txt").write_text("x")
        served = serve(Endless)
        yield served
        until(lambda: served.server.service.calls.active == 0)
        assert opened() == []

    def test_a_reader_that_is_cancelled(self, served, opened):
        reader = served.raw.do_get(flight.Ticket(b"a"))
        reader.read_chunk()
        assert opened() == ["a.txt"]
        reader.cancel()

    def test_a_raw_reader_that_is_dropped(self, served, opened):
        reader = served.raw.do_get(flight.Ticket(b"a"))
        reader.read_chunk()
        assert opened() == ["a.txt"]
        del reader

    def test_a_reader_of_our_client_that_is_dropped(self, served, opened):
        reader = served.client.stream("a")
        reader.read_next_batch()
        assert opened() == ["a.txt"]
        del reader

    def test_a_loop_over_our_reader_that_is_left(self, served, opened):
        for batch in served.client.stream("a"):
            assert batch.num_rows == 1
            assert opened() == ["a.txt"]
            break

    def test_a_stream_that_is_never_read(self, served):
        reader = served.raw.do_get(flight.Ticket(b"a"))
        reader.cancel()

    def test_a_client_that_is_closed(self, served, opened):
        client = flightstream.connect(f"localhost:{served.server.port}")
        reader = client.stream("a")
        reader.read_next_batch()
        assert opened() == ["a.txt"]
        del reader
        client.close()

    def test_a_deadline_that_passes(self, served, opened):
        options = flight.FlightCallOptions(timeout=0.5)
        reader = served.raw.do_get(flight.Ticket(b"a"), options)
        with pytest.raises(flight.FlightTimedOutError):
            all(reader)

    def test_a_limit_that_is_reached(self, served):
        assert served.client.read("a", limit=3).num_rows == 3


def test_a_client_that_left_is_reported_as_cancelled(serve, memory, observer, until):
    @adapter
    class Endless(memory({"n": NUMBERS})):
        @hookimpl
        def stream_batches(self):
            while True:
                yield NUMBERS.to_batches()[0]

    plugin, records = observer
    served = serve(plugin, Endless)
    reader = served.raw.do_get(flight.Ticket(b"n"))
    reader.read_chunk()
    reader.cancel()

    [record] = until(lambda: [r for r in records if r.method == "DoGet"])
    assert (record.code, record.rows % 100) == ("cancelled", 0)
    assert record.rows > 0


class TestTypedErrors:
    @pytest.fixture
    def served(self, serve, memory):
        @adapter
        class Bad(memory({"n": NUMBERS})):
            @hookimpl
            def stream_batches(self, request):
                yield NUMBERS.to_batches()[0]
                raise InvalidData("'x' is no number", row=101, column="n", value="x")

        return serve(Bad)

    def test_an_error_in_the_middle_is_typed_when_all_is_read(self, served):
        with pytest.raises(InvalidData) as caught:
            served.client.read("n")

        error = caught.value
        assert (error.message, error.details()) == (
            "'x' is no number",
            {"flight": "s/n", "call": error.call, "row": 101, "column": "n", "value": "x"},
        )

    def test_an_error_in_the_middle_is_typed_after_the_rows_before_it(self, served):
        reader = served.client.stream("n")
        assert reader.read_next_batch() == NUMBERS.to_batches()[0]

        with pytest.raises(InvalidData) as caught:
            reader.read_next_batch()
        assert caught.value.row == 101

    def test_rows_before_the_error_are_there_with_a_limit(self, served):
        assert served.client.read("n", limit=100) == NUMBERS


def test_what_the_adapter_reports_is_a_warning_of_the_client(serve, memory):
    @adapter
    class Skips(memory({"n": NUMBERS})):
        @hookimpl
        def stream_batches(self, request):
            request.counts.add("skipped_rows", 2)
            yield NUMBERS.to_batches()[0]

    served = serve(Skips)

    with pytest.warns(DataWarning, match=r"^the server reports of 's/n': skipped_rows 2$"):
        assert served.client.read("n") == NUMBERS
    with capture_logs() as logs, pytest.warns(DataWarning):
        served.client.read("n")
    assert [log["counts"] for log in logs if "counts" in log] == [{"skipped_rows": 2}]


class TestRowCount:
    """A server, or something between, that loses rows is found out."""

    @pytest.fixture
    def losing(self):
        class Losing(flight.FlightServerBase):
            summary: Any = None

            def get_flight_info(self, context, descriptor):
                endpoint = flight.FlightEndpoint(b"t", [])
                path, ours = flight.FlightDescriptor.for_path("n"), b'{"adapter": "losing"}'
                return flight.FlightInfo(
                    NUMBERS.schema, path, [endpoint], -1, -1, app_metadata=ours
                )

            def do_get(self, context, ticket):
                def messages():
                    yield NUMBERS.slice(0, 60).to_batches()[0]
                    if self.summary is not None:
                        empty = pa.record_batch({"n": pa.array([], pa.int64())})
                        yield empty, json.dumps(self.summary).encode()

                return flight.GeneratorStream(NUMBERS.schema, messages())

        with (
            Losing("grpc://localhost:0") as server,
            flightstream.connect(f"localhost:{server.port}") as client,
        ):
            yield server, client

    def test_fewer_rows_than_were_sent_are_an_error(self, losing):
        server, client = losing
        server.summary = {"rows": 100}

        with pytest.raises(Unavailable) as caught:
            client.read("n")
        assert caught.value.message == (
            f"60 rows of 'n' arrived from grpc://localhost:{server.port}, 100 were sent"
        )

    @pytest.mark.parametrize("summary", [None, {}, {"rows": 60}, ["rows"], "rows"])
    def test_a_server_that_says_nothing_is_believed(self, losing, summary):
        server, client = losing
        server.summary = summary

        assert client.read("n").num_rows == 60
