"""What services put around the reading of flights."""

from typing import Any

import pyarrow as pa
from attrs import evolve

from flightstream import adapter, hookimpl, option, service

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
