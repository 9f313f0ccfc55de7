"""Plugins and mounts for tests of the core, made without any file."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.fs as pafs
import pytest

from flightstream import Flight, Source, adapter, hookimpl
from flightstream.registry import Mount, Plugin, Services

PATIENCE_SECONDS = 20.0


@pytest.fixture(scope="session")
def memory() -> Callable[..., type[Any]]:
    """Return a function that declares an adapter of tables in memory; subclass what it returns."""
    return declare_memory_adapter


def declare_memory_adapter(
    tables: Mapping[str, pa.Table],
    *,
    pushes: Iterable[str] = (),
    batch_rows: int = 2,
    version: str = "1",
) -> type[Any]:
    @adapter
    class MemoryAdapter:
        pushdown: ClassVar[frozenset[str]] = frozenset(pushes)
        source: Source

        @hookimpl
        def list_flights(self):
            for name in tables:
                yield Flight(name, version=version)

        @hookimpl
        def get_schema(self, flight):
            return tables["/".join(flight.name)].schema

        @hookimpl
        def stream_batches(self, flight, request):
            table = tables["/".join(flight.name)]
            if request.columns is not None:
                table = table.select(request.columns)
            yield from table.to_batches(max_chunksize=batch_rows)

    return MemoryAdapter


@pytest.fixture(scope="session")
def mount() -> Callable[..., Mount]:
    """Return a function that mounts an adapter at a source that has no files."""
    return mount_adapter


def mount_adapter(
    adapter_class: type[Any],
    *,
    name: str = "memory",
    source: str = "s",
    services: Sequence[Any] = (),
    options: str = "",
) -> Mount:
    place = Source(source, pafs.LocalFileSystem(), "/nowhere")
    plugin = Plugin(name, "1.0", adapter_class(source=place), options)
    beside = [Plugin(one.name, "1.0", one) for one in services]
    return Mount.of(place, plugin, Services.of(beside))


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Return a function that polls for something to become true, and returns that."""

    def poll(condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (value := condition()):
            assert time.monotonic() < deadline, f"nothing happened in {PATIENCE_SECONDS} seconds"
            time.sleep(0.01)
        return value

    return poll
