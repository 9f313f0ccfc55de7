"""The flights of one source: unique names, kept for a while, each adapter apart."""

import threading
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from attrs import frozen
from structlog.testing import capture_logs

from flightstream import (
    File,
    Flight,
    InvalidData,
    PluginError,
    Source,
    StoredObject,
    Unavailable,
    adapter,
    hookimpl,
)
from flightstream.registry import Mount
from flightstream.serving.listing import Entry, SourceListing, with_unique_names
from flightstream.storage.objects import LocalObjects

FOREVER = 3600.0


@pytest.fixture
def lists(mount: Any) -> Callable[..., Mount]:
    """Return a function that mounts an adapter with a listing that tests may change."""

    def declare(flights: Any, *, name: str = "lake", found: Any = None) -> Mount:
        @adapter
        class Lake:
            source: Source

            @hookimpl
            def list_flights(self):
                if isinstance(flights, Exception):
                    raise flights
                return flights() if callable(flights) else flights

            @hookimpl
            def find_flight(self, name):
                return found(name) if found else None

        return mount(Lake, name=name)

    return declare


def file(name: str) -> File:
    objects = LocalObjects()
    return File(pafs.LocalFileSystem(), name, StoredObject(f"/{name}", 1, "v"), objects)


def names(*entries: Entry) -> list[str]:
    return ["/".join(entry.name) for entry in with_unique_names(entries)]


class TestUniqueNames:
    def test_names_that_nobody_else_wants_stay(self, lists):
        lake = lists([])

        assert names(*(Entry(Flight(n), lake, (n,)) for n in "abc")) == ["a", "b", "c"]

    def test_two_files_of_one_stem_have_their_whole_names(self, lists):
        lake = lists([])
        files = [file("x/a.csv"), file("x/a.tsv"), file("b.csv")]

        assert names(*(_entry(Flight(f.stem, origin=f), lake) for f in files)) == [
            "x/a.csv",
            "x/a.tsv",
            "b",
        ]

    def test_a_full_name_that_the_adapter_gives_goes_before_the_files(self, lists):
        lake = lists([])
        flights = [
            Flight("a", full_name="a.sheet1", origin=file("a.xlsx")),
            Flight("a", full_name="a.sheet2", origin=file("a.xlsx")),
        ]

        assert names(*(_entry(flight, lake) for flight in flights)) == ["a.sheet1", "a.sheet2"]

    def test_a_whole_name_that_is_taken_moves_on(self, lists):
        lake = lists([])
        files = [file("a.csv"), file("a.tsv"), file("a.csv.gz")]
        flights = [
            Flight("a", origin=files[0]),
            Flight("a", origin=files[1]),
            Flight("a.csv", origin=files[2]),
        ]

        assert names(*(_entry(flight, lake) for flight in flights)) == [
            "a.csv",
            "a.tsv",
            "a.csv.gz",
        ]

    def test_two_adapters_of_one_file_are_told_apart_by_their_names(self, lists):
        csv, text = lists([], name="csv"), lists([], name="text")
        flight = Flight("a", origin=file("a.csv"))

        assert names(_entry(flight, csv), _entry(flight, text)) == ["a.csv", "a.csv.text"]

    def test_tables_of_two_adapters_have_the_adapters_name(self, lists):
        one, two = lists([], name="one"), lists([], name="two")

        assert names(_entry(Flight("t"), one), _entry(Flight("t"), two)) == ["t.one", "t.two"]

    def test_what_an_adapter_lists_twice_is_served_once_and_said(self, lists):
        lake = lists([Flight("t", version="1"), Flight("t", version="2")])
        listing = SourceListing("s", [lake], FOREVER)

        with capture_logs() as logs:
            entries = listing.entries()

        assert list(entries) == [("t.lake",)]
        assert logs == [
            {
                "event": "flight_name_taken",
                "log_level": "warning",
                "flight": "s/t.lake",
                "adapter": "lake",
            }
        ]


def _entry(flight: Flight, mount: Mount) -> Entry:
    return Entry(flight, mount, flight.name)


class TestSourceListing:
    def test_flights_are_in_order_of_their_names(self, lists):
        listing = SourceListing("s", [lists([Flight("b"), Flight("a/z"), Flight("a")])], FOREVER)

        assert [str(entry) for entry in listing.entries().values()] == ["s/a", "s/a/z", "s/b"]

    def test_it_is_kept_for_its_time(self, lists):
        flights = [Flight("a")]
        listing = SourceListing("s", [lists(lambda: list(flights))], FOREVER)
        listing.entries()

        flights.append(Flight("b"))

        assert list(listing.entries()) == [("a",)]
        listing.refresh()
        assert list(listing.entries()) == [("a",), ("b",)]

    def test_without_a_time_to_live_it_is_made_each_time(self, lists):
        flights = [Flight("a")]
        listing = SourceListing("s", [lists(lambda: list(flights))], 0.0)
        listing.entries()

        flights.append(Flight("b"))

        assert list(listing.entries()) == [("a",), ("b",)]

    def test_an_adapter_that_fails_does_not_hide_the_others(self, lists):
        mounts = [lists(RuntimeError("s3cr3t"), name="bad"), lists([Flight("a")], name="good")]
        listing = SourceListing("s", mounts, FOREVER)

        with capture_logs() as logs:
            entries = listing.entries()

        assert list(entries) == [("a",)]
        assert listing.failed
        assert [(log["event"], log.get("error")) for log in logs] == [
            ("plugin_failed", None),
            ("listing_failed", "the plugin 'bad' failed in list_flights"),
        ]

    def test_an_adapter_that_recovers_is_served_again(self, lists):
        answers = [Unavailable("no"), [Flight("a")]]

        def answer() -> Any:
            given = answers.pop(0)
            if isinstance(given, Exception):
                raise given
            return given

        listing = SourceListing("s", [lists(answer)], 0.0)

        assert (listing.entries(), listing.failed) == ({}, True)
        assert (list(listing.entries()), listing.failed) == ([("a",)], False)

    def test_a_name_that_is_not_listed_is_asked_for_alone(self, lists):
        lake = lists(
            [Flight("a")], found=lambda name: Flight(name) if name == ("deep", "b") else None
        )
        listing = SourceListing("s", [lake], FOREVER)

        assert str(listing.find(("a",))) == "s/a"
        assert str(listing.find(("deep", "b"))) == "s/deep/b"
        assert listing.find(("c",)) is None

    def test_a_name_that_is_listed_while_it_is_asked_for_is_found(self, lists):
        flights: list[Flight] = []
        lake = lists(flights, found=lambda _name: flights.append(Flight("a")) or listing.refresh())
        listing = SourceListing("s", [lake], FOREVER)

        assert str(listing.find(("a",))) == "s/a"

    def test_bearers_are_those_that_wanted_a_name(self, lists):
        flights = [Flight("a", origin=file(f"a.{kind}")) for kind in ("csv", "tsv")]
        listing = SourceListing("s", [lists(flights, found=lambda name: Flight(name))], FOREVER)

        assert [str(entry) for entry in listing.bearers(("a",))] == ["s/a.csv", "s/a.tsv"]
        assert listing.bearers(("a.csv",)) == []
        assert listing.find(("a",)) is None

    def test_a_file_that_changed_is_listed_again_before_its_time(self, mount, tmp_path):
        @adapter
        class Lake:
            source: Source

            @hookimpl
            def list_flights(self):
                source = Source("s", pafs.LocalFileSystem(), str(tmp_path))
                return [Flight(f.stem, origin=f, version=f.version) for f in source.files("*")]

        (tmp_path / "a.csv").write_text("1")
        (tmp_path / "b.csv").write_text("1")
        listing = SourceListing("s", [mount(Lake)], FOREVER)
        before = listing.find(("a",))
        (tmp_path / "a.csv").write_text("12345")
        (tmp_path / "b.csv").unlink()

        after = listing.find(("a",))

        assert before
        assert after
        assert (before.flight.version, after.flight.version[:2]) != (after.flight.version, "5-")
        assert listing.find(("b",)) is None

    def test_any_origin_may_tell_that_its_data_changed(self, lists):
        revision = 1

        @frozen
        class Row:
            revision: int

            def is_unchanged(self):
                return self.revision == revision

        listing = SourceListing("s", [lists(lambda: [Flight("a", origin=Row(revision))])], FOREVER)
        before = listing.find(("a",))
        again = listing.find(("a",))
        revision = 2

        assert before is again
        assert listing.find(("a",)).flight.origin == Row(2)

    def test_an_origin_that_fails_to_tell_is_a_failure_of_the_plugin(self, lists):
        class Row:
            def is_unchanged(self):
                raise RuntimeError("s3cr3t")

        listing = SourceListing("s", [lists([Flight("a", origin=Row())])], FOREVER)

        with pytest.raises(PluginError) as caught:
            listing.find(("a",))

        assert caught.value.message == "the plugin 'lake' failed in list_flights"

    def test_a_file_that_is_not_a_flight_any_more_is_asked_for_alone(self, mount, tmp_path):
        @adapter
        class Lake:
            source: Source

            @hookimpl
            def list_flights(self):
                source = Source("s", pafs.LocalFileSystem(), str(tmp_path))
                return [Flight(f.stem, origin=f) for f in source.files("*") if f.size]

            @hookimpl
            def find_flight(self, name):
                raise InvalidData(f"{name[0]} is empty")

        (tmp_path / "a.csv").write_text("1")
        listing = SourceListing("s", [mount(Lake)], FOREVER)
        assert listing.find(("a",))
        (tmp_path / "a.csv").write_text("")

        with pytest.raises(InvalidData, match=r"^a is empty$"):
            listing.find(("a",))

    def test_the_last_listing_serves_while_another_is_made(self, lists):
        listing_again, go_on = threading.Event(), threading.Event()
        first = [True]

        def slow() -> list[Flight]:
            if first:
                first.clear()
                return [Flight("old")]
            listing_again.set()
            assert go_on.wait(30)
            return [Flight("new")]

        listing = SourceListing("s", [lists(slow)], 0.0)
        listing.entries()
        thread = threading.Thread(target=listing.entries)
        thread.start()
        try:
            assert listing_again.wait(30)
            assert list(listing.entries()) == [("old",)]
        finally:
            go_on.set()
            thread.join()

        assert list(listing.entries()) == [("new",)]

    def test_a_refresh_waits_for_a_listing_that_began_after_it_was_asked(self, lists):
        """What a caller has just put there is listed, whoever else is listing."""
        began, go_on = threading.Event(), threading.Event()
        flights = [Flight("a")]

        def slow() -> list[Flight]:
            seen = list(flights)
            if not began.is_set():
                began.set()
                assert go_on.wait(30)
            return seen

        listing = SourceListing("s", [lists(slow)], FOREVER)
        other = threading.Thread(target=listing.refresh)
        other.start()
        assert began.wait(30)
        flights.append(Flight("b"))
        mine = threading.Thread(target=listing.refresh)
        mine.start()
        go_on.set()
        other.join()
        mine.join()

        assert list(listing.entries()) == [("a",), ("b",)]


def test_a_schema_is_asked_for_once_a_version(mount):
    from flightstream.serving.catalog import Catalog

    asked = []

    @adapter
    class Lake:
        source: Source

        @hookimpl
        def list_flights(self):
            yield Flight("kept", version="1")
            yield Flight("unversioned")
            yield Flight("given", version="1", schema=pa.schema([("y", pa.int8())]))

        @hookimpl
        def get_schema(self, flight):
            asked.append(flight.name[0])
            return pa.schema([("x", pa.int64())])

    catalog = Catalog([mount(Lake)], FOREVER)
    known = {
        str(entry): [catalog.known_schema(entry), *map(catalog.get_schema, [entry, entry])]
        for entry in catalog.entries()
    }

    x, y = pa.schema([("x", pa.int64())]), pa.schema([("y", pa.int8())])
    assert known == {"s/given": [y, y, y], "s/kept": [None, x, x], "s/unversioned": [None, x, x]}
    assert asked == ["kept", "unversioned", "unversioned"]
