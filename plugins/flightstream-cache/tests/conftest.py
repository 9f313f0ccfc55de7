"""An adapter of tables in memory, behind the cache and the real core, without a transport."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from attrs import define, field
from flightstream_cache import Cache

from flightstream import (
    Credentials,
    Flight,
    Grant,
    Identity,
    ScanRequest,
    ServerInfo,
    Source,
    Stale,
    adapter,
    hookimpl,
    option,
    service,
)
from flightstream.config import load_mapping
from flightstream.registry import build_registry
from flightstream.serving import Service, Setup
from flightstream.serving.scan import Scan
from flightstream.wire import Command


@define
class World:
    """What the adapter reads and who may see it, and what it was asked."""

    tables: dict[str, pa.Table]
    version: str = "1"
    batch_rows: int = 3
    skipped_rows: int = 0
    origin: SimpleNamespace = field(factory=SimpleNamespace)
    stale_at: int | None = None
    grants: dict[str, Grant] = field(factory=dict)
    asked: Counter[str] = field(factory=Counter)
    wait_at: int | None = None
    waiting: Event = field(factory=Event)
    go_on: Event = field(factory=Event)


@adapter
class Tables:
    """Pushes down everything, and cuts a flight into parts of ten rows."""

    world: ClassVar[World]
    pushdown: ClassVar = frozenset({"columns", "filter", "limit", "offset", "partitions"})

    source: Source
    shift: int = option(0, help="What it is for is not its matter.")

    @hookimpl
    def list_flights(self) -> Iterator[Flight]:
        for name in self.world.tables:
            yield Flight(name, version=self.world.version, origin=self.world.origin)

    @hookimpl
    def get_schema(self, flight: Flight) -> pa.Schema:
        return self.world.tables["/".join(flight.name)].schema

    @hookimpl
    def plan_partitions(self, flight: Flight, request: ScanRequest, target: int) -> list[int]:
        return list(range(0, self.world.tables["/".join(flight.name)].num_rows, 10))

    @hookimpl
    def stream_batches(self, flight: Flight, request: ScanRequest) -> Iterator[pa.RecordBatch]:
        table = self.world.tables["/".join(flight.name)]
        if request.partition is not None:
            table = table.slice(request.partition, 10)
        return request.narrow(self._batches("/".join(flight.name), table, request))

    def _batches(
        self, name: str, table: pa.Table, request: ScanRequest
    ) -> Iterator[pa.RecordBatch]:
        world = self.world
        world.asked[name] += 1
        for number, batch in enumerate(table.to_batches(max_chunksize=world.batch_rows)):
            if number == world.stale_at:
                raise Stale("it changed")
            if number == world.wait_at:
                world.waiting.set()
                assert world.go_on.wait(20)
            yield batch
        request.counts.add("skipped_rows", world.skipped_rows)


@service
class Who:
    """Everybody is who they say; what each may see is in the world."""

    world: ClassVar[World]

    @hookimpl
    def authenticate(self, credentials: Credentials) -> Identity:
        return Identity(credentials.headers.get("who", ("anybody",))[0])

    @hookimpl
    def authorize(self, identity: Identity) -> Grant | None:
        return self.world.grants.get(identity.subject)


@define(eq=False)
class Behind:
    """A server without a transport."""

    service: Service
    folder: Path | None

    def scan(self, name: str = "t", who: str = "anybody", **command: Any) -> Scan:
        asked = Command(("s", *name.split("/")), **command)
        return self.service.scan(Credentials({"who": (who,)}), asked.to_bytes(), lambda: False)

    def read(self, name: str = "t", who: str = "anybody", **command: Any) -> pa.Table:
        scan = self.scan(name, who, **command)
        return pa.Table.from_batches(list(scan), scan.schema)

    def counts(self, **command: Any) -> dict[str, int]:
        """Read, and return what the operator is told."""
        scan = self.scan(**command)
        list(scan)
        return dict(scan._call.counts)

    def told(self, **command: Any) -> dict[str, int]:
        """Read, and return what the client is told."""
        scan = self.scan(**command)
        list(scan)
        return json.loads(scan.summary())

    def kept(self) -> list[Path]:
        assert self.folder is not None
        return sorted(self.folder.iterdir())


@pytest.fixture
def world() -> World:
    """What the adapter reads: 25 rows, in batches of three."""
    world = World(
        {"t": pa.table({"n": range(25), "s": [f"x{i % 4}" if i % 5 else None for i in range(25)]})}
    )
    Tables.world = Who.world = world
    return world


@pytest.fixture
def behind(world: World, tmp_path: Path) -> Iterator[Callable[..., Behind]]:
    """Return a function that starts a server; ``cache=False`` leaves the cache out."""
    registries = []

    def start(
        cache: Mapping[str, Any] | bool = True, *, options: Any = None, folder: Any = None
    ) -> Behind:
        given = {} if isinstance(cache, bool) else dict(cache)
        where = Path(folder or tmp_path / "cache")
        plugins: dict[str, Any] = {"enabled": []}
        if cache is not False:
            plugins["cache"] = {"folder": str(where), **given}
        tables = {
            "plugins": plugins,
            "sources": {"s": {"uri": str(tmp_path), "options": {"tables": options or {}}}},
        }
        classes = [Who, Tables, *([] if cache is False else [Cache])]
        registry = build_registry(load_mapping(tables), classes)
        registry.startup(ServerInfo(host="", port=0, version="0", sources=("s",)))
        registries.append(registry)
        service = Service(Setup(registry, "0", 3 * 2**20, 100 * 2**20, 0.0))
        return Behind(service, None if cache is False else where)

    yield start
    for registry in registries:
        registry.shutdown()
