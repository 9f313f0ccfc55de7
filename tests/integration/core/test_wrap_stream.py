"""What services put around the reading of flights."""

import os
import re
from typing import Any

import pyarrow as pa
import pytest
from attrs import evolve

from flightstream import Flight, adapter, hookimpl, option, service

STAFF = pa.table({"name": ["ann", "bob", "cleo", "dan"], "salary": [10, 20, 30, 40]})


class TestWrapStream:
    def wrapper(self, name: str, book: list[str]) -> type[Any]:
        class Wraps:
            @hookimpl
            def wrap_stream(self, flight):
                def read_around(request, read):
                    book.append(f"{name} opens {'/'.join(flight.name)}")
                    try:
                        for batch in read(request):
                            book.append(f"{name} passes {batch.num_rows}")
                            yield batch
                    finally:
                        book.append(f"{name} closes")

                return read_around

        Wraps.__qualname__ = name
        return service(Wraps)

    def test_the_first_in_the_configuration_is_outermost(self, serve, memory):
        book: list[str] = []
        served = serve(
            self.wrapper("Outer", book),
            self.wrapper("Inner", book),
            memory({"staff": STAFF}, batch_rows=4),
        )

        assert served.client.read("staff") == STAFF
        assert book == [
            "Outer opens staff",
            "Inner opens staff",
            "Inner passes 4",
            "Outer passes 4",
            "Inner closes",
            "Outer closes",
        ]

    def test_a_limiter_may_ask_for_less(self, serve, memory):
        @service
        class Thrifty:
            @hookimpl
            def wrap_stream(self):
                def read_some_columns(request, read):
                    whole = evolve(request, columns=None)
                    for batch in read(whole):
                        yield batch.select(request.columns or batch.schema.names)

                return read_some_columns

        served = serve(Thrifty, memory({"staff": STAFF}, pushes=["columns"]))

        assert served.client.read("staff", columns=["name"]) == STAFF.select(["name"])

    def test_a_cache_may_skip_what_lies_below(self, serve, memory):
        reads: list[str] = []

        @adapter
        class Slow(memory({"staff": STAFF})):
            @hookimpl
            def stream_batches(self):
                reads.append("read")
                yield from STAFF.to_batches()

        @service
        class Cache:
            kept: dict[Any, Any] = option(factory=dict, help="batches")

            @hookimpl
            def wrap_stream(self, flight):
                def cached(request, read):
                    key = (flight.name, flight.version)
                    if key not in self.kept:
                        self.kept[key] = list(read(request))
                    return self.kept[key]

                return cached

        served = serve(Cache, Slow)

        assert [served.client.read("staff") for _ in range(3)] == [STAFF] * 3
        assert served.client.read("staff", filter="salary > 25", limit=1).to_pylist() == [
            {"name": "cleo", "salary": 30}
        ]
        assert reads == ["read"]


class TestVersion:
    """What a cache is told to find a flight by."""

    @pytest.fixture
    def told(self, serve):
        """Return a function that starts a server, and returns what a reading of s/a is told."""
        book = []

        @service
        class Book:
            @hookimpl
            def wrap_stream(self, path, version):
                book.append((path, version))

        def read(*plugins, path="s/a", **given):
            serve(Book, *plugins, **given).client.read(path)
            return book.pop()

        return read

    def test_it_is_the_same_on_every_server_for_the_same_data(self, told, lines, folder):
        (folder / "a.txt").write_text("one\n")

        path, version = told(lines)

        assert (path, told(lines)) == (("s", "a"), (path, version))
        assert re.fullmatch("[0-9a-f]{64}", version)

    def test_a_flight_without_a_version_has_none(self, told, memory):
        assert told(memory({"a": STAFF}, version="")) == (("s", "a"), "")

    def test_other_data_options_places_and_files_are_other_versions(self, told, lines, folder):
        file = folder / "a.txt"
        file.write_text("one\n")
        first = file.stat()
        versions = [told(lines)[1], told(lines, options={"lines": {"upper": True}})[1]]
        (folder / "below").mkdir()
        copy = folder / "below" / "a.txt"
        copy.write_text("two\n")
        os.utime(copy, ns=(first.st_atime_ns, first.st_mtime_ns))
        versions.append(told(lines, sources={"s": copy.parent})[1])
        grouped = {"s": {"uri": str(folder), "flights": {"b": "below/*.txt"}}}
        versions.append(told(lines, sources=grouped)[1])
        file.write_text("three\n")
        versions.append(told(lines)[1])

        assert len(set(versions)) == len(versions)

    def test_a_file_that_is_renamed_is_another(self, told, lines, folder):
        @adapter
        class Both(lines):
            @hookimpl
            def list_flights(self):
                for file in self.source.files("*.txt", "*.text"):
                    yield Flight(file.stem, origin=file, version=file.version)

        (folder / "a.txt").write_text("one\n")
        versions = [told(Both)]
        (folder / "a.txt").rename(folder / "a.text")
        versions.append(told(Both))

        assert versions[0][0] == versions[1][0] == ("s", "a")
        assert versions[0][1] != versions[1][1]
