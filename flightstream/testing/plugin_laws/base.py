"""What every kit rests on: a plugin class, its options, and how it is built."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar

import pytest

from flightstream.registry import Plugin, Registry
from flightstream.testing.fixtures import SERVER
from flightstream.testing.serve import Served, serving


class Laws:
    """A plugin, and what it is tested with."""

    plugin: ClassVar[type[Any]]
    options: ClassVar[Mapping[str, Any]] = {}
    services: ClassVar[Sequence[type[Any]]] = ()

    @pytest.fixture
    def sample(self) -> Any:
        """Return what the plugin is tried on; the author's own."""
        raise NotImplementedError

    @pytest.fixture
    def start(self, sample: Any) -> Iterator[Callable[..., Registry]]:
        """Return a function that builds and starts the plugin once more."""
        with ExitStack() as stack:

            def start(**options: Any) -> Registry:
                registry = self.built(sample, **options)
                registry.startup(SERVER)
                stack.callback(registry.shutdown)
                return registry

            yield start

    @pytest.fixture
    def start_server(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Callable[..., Served]]:
        """Return a function that serves plugins in a process of its own."""
        # Not the fixture `serve`, which tests may have replaced by one of their own.
        with ExitStack() as stack:

            def start(*plugins: type[Any], config: Mapping[str, Any]) -> Served:
                folder = tmp_path_factory.mktemp("serve")
                return stack.enter_context(serving(folder, *plugins, config=config))

            yield start

    def built(self, sample: Any, **options: Any) -> Registry:
        """Return the plugin as a server builds it, not started.

        Raises:
            ConfigError: All that is wrong with the options.
        """
        raise NotImplementedError

    def use(self, registry: Registry, sample: Any) -> None:
        """Do with the started plugin what a server does with it."""
        raise NotImplementedError

    def mine(self, registry: Registry) -> Plugin:
        """Return the plugin under test among all that a registry holds."""
        return next(one for one in registry.plugins if isinstance(one.instance, self.plugin))
