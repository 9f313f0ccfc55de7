"""One adapter at one source."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any

import pluggy
import pyarrow as pa
from attrs import define, field

from flightstream.errors import Unsupported
from flightstream.hookspecs import WriteMode
from flightstream.models import Flight, ScanEstimate, ScanRequest, is_flight_name
from flightstream.registry.border import Plugin, guarded_batches
from flightstream.registry.hooks import implementation, new_manager
from flightstream.registry.patience import in_time
from flightstream.registry.services import Services
from flightstream.storage import File, FileSet, Source


@define(eq=False)
class Mount:
    """An adapter instance at its source; its hooks as typed methods.

    The manager holds this adapter and all services, so that services may wrap
    the adapter's hooks, and no other adapter is ever asked.

    Args:
        source: The source.
        plugin: The adapter.
        manager: Calls its hooks.
        place: Tells where the source is and what opens it, alike in every process.
    """

    source: Source
    plugin: Plugin
    manager: pluggy.PluginManager
    _services: Services
    place: str = field(default="", repr=False)

    @classmethod
    def of(cls, source: Source, plugin: Plugin, services: Services, place: str = "") -> "Mount":
        """Register the adapter together with the services."""
        return cls(source, plugin, new_manager([*services.plugins, plugin]), services, place)

    @property
    def pushdown(self) -> frozenset[str]:
        """What the adapter does itself."""
        return frozenset(getattr(self.plugin.instance, "pushdown", ()))

    def path_of(self, flight: Flight) -> str:
        """Return a flight's path for messages."""
        return "/".join((self.source.name, *flight.name))

    def list_flights(self, prefix: tuple[str, ...] = ()) -> list[Flight]:
        """Return the flights whose names begin with a prefix, as the adapter orders them.

        Raises:
            FlightStreamError: The adapter failed.
        """
        hook = self.manager.hook.list_flights
        with self.plugin.border("list_flights"):
            answers = in_time(lambda: [list(one) for one in hook(prefix=prefix)])
            flights = [flight for answer in answers for flight in answer]
        if not answers:  # pluggy leaves out what is None
            raise self.plugin.failure("list_flights", "it returned None, not flights")
        for flight in flights:
            self._check("list_flights", flight, Flight)
        return [flight for flight in flights if flight.name[: len(prefix)] == prefix]

    def find_flight(self, name: tuple[str, ...]) -> Flight | None:
        """Return one flight, if the adapter can find it alone.

        It is never asked for what no flight can be called, ``..`` for example.
        """
        hook = self.manager.hook.find_flight
        if not is_flight_name(name) or not hook.get_hookimpls():
            return None
        with self.plugin.border("find_flight", "/".join((self.source.name, *name))):
            flight = in_time(partial(hook, name=name))
        if flight is not None:
            self._check("find_flight", flight, Flight)
            if flight.name != name:
                problem = f"it gave {'/'.join(flight.name)!r} for {'/'.join(name)!r}"
                raise self.plugin.failure("find_flight", problem)
        return flight  # type: ignore[no-any-return]

    def get_schema(self, flight: Flight) -> pa.Schema:
        """Return a flight's whole schema."""
        path = self.path_of(flight)
        with self.plugin.border("get_schema", path):
            schema = in_time(partial(self.manager.hook.get_schema, flight=flight))
        self._check("get_schema", schema, pa.Schema, path)
        if len(set(schema.names)) < len(schema.names):
            raise self.plugin.failure("get_schema", "two columns have one name", path)
        return schema

    def plan_partitions(
        self, flight: Flight, request: ScanRequest, target: int
    ) -> Sequence[Any] | None:
        """Return the parts of a flight, or ``None`` if the adapter has no plan."""
        path = self.path_of(flight)
        plan = self.manager.hook.plan_partitions
        if not plan.get_hookimpls():
            return None
        with self.plugin.border("plan_partitions", path):
            parts = in_time(partial(plan, flight=flight, request=request, target=target))
        if parts is not None:
            self._check("plan_partitions", parts, Sequence, path)
        return parts  # type: ignore[no-any-return]

    def estimate_scan(self, flight: Flight, request: ScanRequest) -> ScanEstimate:
        """Return what a scan would read, as far as the adapter knows."""
        path = self.path_of(flight)
        hook = self.manager.hook.estimate_scan
        if not hook.get_hookimpls():
            return ScanEstimate()
        with self.plugin.border("estimate_scan", path):
            estimate = in_time(partial(hook, flight=flight, request=request))
        if estimate is None:
            return ScanEstimate()
        self._check("estimate_scan", estimate, ScanEstimate, path)
        return estimate  # type: ignore[no-any-return]

    def data_version(self, flight: Flight, served_as: tuple[str, ...]) -> str:
        """Return a digest of all that decides a flight's rows; empty if it has no version."""
        if not flight.version:
            return ""
        origin, plugin = flight.origin, self.plugin
        # A file that is renamed keeps its version, and may be read in another way.
        file = origin.name if isinstance(origin, File) else None
        file = origin.full_name if isinstance(origin, FileSet) else file
        told = (
            self.place, served_as, file, flight.full_name, flight.version,
            plugin.name, plugin.version, plugin.options,
        )  # fmt: skip
        return sha256(repr(told).encode()).hexdigest()

    def stream_batches(
        self, flight: Flight, request: ScanRequest, served_as: tuple[str, ...] | None = None
    ) -> Generator[pa.RecordBatch]:
        """Return a flight's batches, read through whatever services put around them.

        Args:
            flight: A flight of this adapter.
            request: What to read.
            served_as: Its path, where that is not made of the flight's own name.
        """
        path = self.path_of(flight)
        served_as = served_as or (self.source.name, *flight.name)
        stream = self.manager.hook.stream_batches

        def read(request: ScanRequest) -> Generator[pa.RecordBatch]:
            start = partial(stream, flight=flight, request=request)
            return guarded_batches(self.plugin, "stream_batches", path, start)

        if not self._services.wraps_streams:
            return read(request)
        version = self.data_version(flight, served_as)
        return self._services.wrap_stream(flight, served_as, version, read)(request)

    def write_batches(
        self, flight: Flight, reader: Iterator[pa.RecordBatch], mode: WriteMode
    ) -> Mapping[str, int]:
        """Store batches.

        Raises:
            Unsupported: The adapter does not write.
        """
        path = self.path_of(flight)
        if implementation(self.manager, self.plugin, "write_batches") is None:
            raise Unsupported(
                f"the flight {path!r} cannot be written: its adapter {self.plugin.name!r}"
                " only reads",
                flight=path,
            )
        with self.plugin.border("write_batches", path):
            counts = self.manager.hook.write_batches(flight=flight, reader=reader, mode=mode)
        self._check("write_batches", counts, Mapping, path)
        for name, number in counts.items():
            if not isinstance(number, int):
                problem = f"it gave {type(number).__name__} for the count {name!r}, not int"
                raise self.plugin.failure("write_batches", problem, path)
        return counts  # type: ignore[no-any-return]

    def _check(self, hook: str, answer: object, wanted: type, flight: str | None = None) -> None:
        if not isinstance(answer, wanted):
            problem = f"it gave {type(answer).__name__}, not {wanted.__name__}"
            raise self.plugin.failure(hook, problem, flight)
