"""A service that lets in whom it is told, and asks the policies."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from attrs import field
from flightstream_auth.policies import Policies, Policy

from flightstream import (
    Flight,
    Identity,
    ScanEstimate,
    Source,
    adapter,
    hookimpl,
    option,
    service,
)


@service
class GuardService:
    """Takes a bearer token that says who asks, JSON in hexadecimal digits; nobody else would believe it."""

    policies: tuple[Policy, ...] = option((), help="Who may do what.")
    _engine: Policies = field(init=False)

    @_engine.default
    def _make_engine(self) -> Policies:
        return Policies(self.policies)

    @hookimpl
    def authenticate(self, credentials):
        [header, *_] = credentials.headers.get("authorization", ("",))
        if not header:
            return Identity.ANONYMOUS
        told = json.loads(bytes.fromhex(header.removeprefix("Bearer ")))
        return Identity(told["subject"], told.get("roles", ()), told.get("claims", {}))

    @hookimpl
    def authorize(self, identity, path, operation):
        return self._engine.grant(identity, path, operation)


def token(subject: str, *roles: str, **claims: Any) -> str:
    """Return what logs somebody in."""
    told = {"subject": subject, "roles": roles, "claims": claims}
    return json.dumps(told).encode().hex()


@pytest.fixture(scope="session")
def guard() -> type[Any]:
    """The service, as a class."""
    return GuardService


@pytest.fixture(scope="session")
def as_token() -> Any:
    """Return the function that makes tokens."""
    return token


@pytest.fixture(scope="session")
def lake() -> Callable[..., type[Any]]:
    """Return a function that declares an adapter of tables, by ``source/name``."""
    return declare_lake


def declare_lake(tables: Mapping[str, pa.Table]) -> type[Any]:
    @adapter
    class LakeAdapter:
        """Does everything itself, with the values as they are, and knows every number."""

        pushdown: ClassVar = frozenset({"columns", "filter", "limit", "offset", "partitions"})
        source: Source

        def _rows(self, flight, request):
            table = tables["/".join((self.source.name, *flight.name))]
            if request.partition is not None:
                part, parts = request.partition
                cuts = [table.num_rows * number // parts for number in range(parts + 1)]
                table = table.slice(cuts[part], cuts[part + 1] - cuts[part])
            if request.filter is not None and table.num_rows:
                [batch] = table.combine_chunks().to_batches()
                table = pa.Table.from_batches([request.filter.apply(batch)], table.schema)
            table = table.slice(request.offset, request.limit)
            return table if request.columns is None else table.select(request.columns)

        @hookimpl
        def list_flights(self):
            for path, table in tables.items():
                source, _, name = path.partition("/")
                if source == self.source.name:
                    yield Flight(
                        name,
                        version="1",
                        schema=table.schema,
                        total_records=table.num_rows,
                        total_bytes=table.nbytes,
                    )

        @hookimpl
        def get_schema(self, flight):
            return flight.schema

        @hookimpl
        def plan_partitions(self, flight, request, target):
            return [(part, target) for part in range(target)]

        @hookimpl
        def estimate_scan(self, flight, request):
            rows = self._rows(flight, request)
            return ScanEstimate(records=rows.num_rows, bytes=rows.nbytes)

        @hookimpl
        def stream_batches(self, flight, request):
            yield from self._rows(flight, request).to_batches(max_chunksize=2)

    return LakeAdapter
