"""What every group of laws about adapters rests on."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pytest

from flightstream.registry import Registry
from flightstream.testing.plugin_laws.base import Laws
from flightstream.testing.sample import Sample
from flightstream.testing.subject import Build, Subject, build


class AdapterLaws(Laws):
    """An adapter, and what it is tested with."""

    @pytest.fixture
    def sample(self) -> Sample:
        """Return a source and the tables expected from it; the author's own."""
        pytest.fail("give a fixture `sample` that returns Sample(uri, {name: table})")

    def change(self, sample: Sample) -> Mapping[str, pa.Table]:
        """Change the data of a flight, and return the tables expected from then on."""
        pytest.skip(
            "override `change(self, sample)`: change a flight's data, return all tables anew"
        )

    def remove(self, sample: Sample, name: str) -> None:
        """Remove the data of a flight."""
        pytest.skip("override `remove(self, sample, name)`: remove the data of one flight")

    def spoil(self, sample: Sample) -> str:
        """Put a flight among the data that cannot be read to its end, and return its name."""
        pytest.skip(
            "override `spoil(self, sample)`: write a flight with a fault in it, return its name"
        )

    @pytest.fixture
    def large(self) -> Sample:
        """Return a source with one flight of more than twice ``memory_limit_bytes``."""
        pytest.skip(
            "give a fixture `large` that returns Sample(uri, {}) with one flight of 400 MiB"
        )

    @pytest.fixture
    def build(self, start: Callable[..., Registry]) -> Build:
        """Return a function that mounts and starts the adapter once more."""
        return lambda **options: Subject(start(**options))

    @pytest.fixture
    def subject(self, build: Build) -> Subject:
        """Return the adapter, mounted and started."""
        return build()

    def built(self, sample: Sample, **options: Any) -> Registry:
        """Return the adapter mounted at the sample, not started."""
        own = {**self.options, **sample.options, **options}
        return build(self.plugin, sample, own, self.services)

    def use(self, registry: Registry, sample: Sample) -> None:
        """List and read all flights."""
        subject = Subject(registry)
        for name in subject.flights():
            list(subject.stream(name))


def fullest(sample: Sample) -> str:
    """Return the flight with the most rows."""
    name = max(sample.tables, key=lambda name: sample.tables[name].num_rows, default="")
    if not name or not sample.tables[name].num_rows:
        pytest.skip("give the sample a flight with rows")
    return name
