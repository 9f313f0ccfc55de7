"""What every group of laws rests on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flightstream.testing.fixtures import SERVER
from flightstream.testing.sample import Sample
from flightstream.testing.subject import Build, Subject, build


class AdapterLaws:
    """An adapter, and what it is tested with."""

    adapter: ClassVar[type[Any]]
    options: ClassVar[Mapping[str, Any]] = {}
    services: ClassVar[Sequence[type[Any]]] = ()

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
    def build(self, sample: Sample) -> Iterator[Build]:
        """Return a function that mounts and starts the adapter once more."""
        with ExitStack() as stack:

            def start(**options: Any) -> Subject:
                registry = self.built(sample, **options)
                registry.startup(SERVER)
                stack.callback(registry.shutdown)
                return Subject(registry)

            yield start

    @pytest.fixture
    def subject(self, build: Build) -> Subject:
        """Return the adapter, mounted and started."""
        return build()

    def built(self, sample: Sample, **options: Any) -> Any:
        """Return the adapter mounted at the sample, not started."""
        return build(
            self.adapter, sample.uri, {**self.options, **sample.options, **options}, self.services
        )


def fullest(sample: Sample) -> str:
    """Return the flight with the most rows."""
    name = max(sample.tables, key=lambda name: sample.tables[name].num_rows, default="")
    if not name or not sample.tables[name].num_rows:
        pytest.skip("give the sample a flight with rows")
    return name


def for_all(check: Callable[[st.DataObject], None]) -> None:
    """Run a check on examples that it draws; how many, the profile says."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    settings(deadline=None, suppress_health_check=slow)(given(st.data())(check))()
