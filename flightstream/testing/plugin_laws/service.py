"""A service under test, beside an adapter that needs no data."""

import tempfile
from collections.abc import Callable
from typing import Any

import pytest

from flightstream.config import load_mapping
from flightstream.registry import Registry, build_registry
from flightstream.registry.discover import given
from flightstream.testing.faulty import FaultyAdapter
from flightstream.testing.plugin_laws.base import Laws
from flightstream.testing.plugin_laws.lifecycle import LifecycleLaws
from flightstream.testing.plugin_laws.options import OptionLaws
from flightstream.testing.serve import Served

SOURCE = "source-under-test"


class ServiceLaws(LifecycleLaws, OptionLaws, Laws):
    """What holds for every service."""

    @pytest.fixture
    def served(self, start_server: Callable[..., Served], sample: Any) -> Callable[..., Served]:
        """Return a function that serves ``numbers`` with the service, in another process."""

        def start(**faults: Any) -> Served:
            config = self.configured(sample)
            config["plugins"]["faulty"] = faults
            return start_server(*self.services, self.plugin, FaultyAdapter, config=config)

        return start

    def built(self, sample: Any, **options: Any) -> Registry:
        """Return the service as a server builds it, not started."""
        config = load_mapping(self.configured(sample, **options))
        return build_registry(config, [*self.services, self.plugin, FaultyAdapter])

    def configured(self, sample: Any, **options: Any) -> dict[str, Any]:
        """Return the configuration of a server with the service."""
        name = given([self.plugin])[0].name
        own = {**self.options, **sample.options, **options}
        return {
            "plugins": {"enabled": [], name: own},
            "sources": {SOURCE: {"uri": self.uri_of(sample), "adapters": ["faulty"]}},
        }

    def uri_of(self, sample: Any) -> str:
        """Return a source for the adapter, which looks at nothing there."""
        return tempfile.gettempdir()
