"""An adapter under test, behind the real core and without a transport."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa
from attrs import define

from flightstream.config import load_mapping
from flightstream.models import Credentials, Flight, ScanRequest
from flightstream.registry import Mount, Registry, build_registry
from flightstream.registry.discover import given
from flightstream.serving import Service, Setup
from flightstream.serving.scan import Scan
from flightstream.testing.sample import Sample
from flightstream.wire import Command

SOURCE = "source-under-test"
CLIENT = Credentials()
_MIB = 2**20


@define(eq=False)
class Subject:
    """One adapter mounted at one source.

    .. versionadded:: 0.1
    """

    registry: Registry

    @property
    def mount(self) -> Mount:
        """The adapter at its source."""
        return self.registry.mounts[0]

    def service(self, batch_bytes: int = 3 * _MIB, max_batch_bytes: int = 100 * _MIB) -> Service:
        """Return a server without a transport, which lists anew at each call."""
        return Service(Setup(self.registry, "0", batch_bytes, max_batch_bytes, 0.0))

    def flights(self) -> dict[str, Flight]:
        """Return what the adapter lists, by name."""
        return {"/".join(flight.name): flight for flight in self.mount.list_flights()}

    def schema(self, name: str) -> pa.Schema:
        """Return what the adapter says of one flight."""
        return self.mount.get_schema(self.flights()[name])

    def stream(self, name: str, **request: Any) -> Generator[pa.RecordBatch]:
        """Begin a stream of the adapter's own batches."""
        return self.mount.stream_batches(self.flights()[name], ScanRequest(**request))

    def scan(self, name: str, service: Service | None = None, **command: Any) -> Scan:
        """Begin a stream as a client gets it."""
        asked = Command((SOURCE, *name.split("/")), **command)
        return (service or self.service()).scan(CLIENT, asked.to_bytes(), lambda: False)

    def read(self, name: str, service: Service | None = None, **command: Any) -> pa.Table:
        """Read rows as a client gets them."""
        return read_all(self.scan(name, service, **command))


def read_all(scan: Scan) -> pa.Table:
    """Read a scan to its end."""
    with closing(iter(scan)) as batches:
        return pa.Table.from_batches(list(batches), scan.schema)


def build(
    adapter: type[Any],
    sample: Sample,
    options: Mapping[str, Any],
    services: Sequence[type[Any]] = (),
) -> Registry:
    """Build an adapter at a sample, as a server does; start it yourself.

    Raises:
        ConfigError: All that is wrong with the options.
    """
    name = given([adapter])[0].name
    tables = {
        "plugins": {"enabled": []},
        "sources": {SOURCE: sample.as_source(name, options)},
    }
    return build_registry(load_mapping(tables), [*services, adapter])


Build = Callable[..., Subject]
