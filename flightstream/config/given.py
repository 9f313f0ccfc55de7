"""What a program builds a server from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from attrs import field, frozen

from flightstream.config.load import Loaded, load_config, load_mapping
from flightstream.config.models import Config

Base: TypeAlias = Config | Loaded | Path | str | None


@frozen(repr=False)  # options may be secrets
class Given:
    """A configuration and what stands on top of it, as they were given.

    Args:
        config: The path of a file, or a configuration.
        plugins: Plugin classes.
        sources: ``[sources]``.
        options: The tables of ``[plugins]``.
        settings: Keys of ``[server]``.
    """

    config: Base
    plugins: Sequence[type[Any]]
    sources: Mapping[str, Any] = field(repr=False)
    options: Mapping[str, Mapping[str, Any]] = field(repr=False)
    settings: Mapping[str, Any]

    def changed(
        self,
        config: Base,
        sources: Mapping[str, Any] | None,
        options: Mapping[str, Mapping[str, Any]] | None,
        settings: Mapping[str, Any],
    ) -> "Given":
        """Return the same with what is given now."""
        return Given(
            config=self.config if config is None else config,
            plugins=self.plugins,
            sources=self.sources if sources is None else sources,
            options=self.options if options is None else options,
            settings={**self.settings, **settings},
        )

    def load(self) -> Loaded:
        """Read it.

        Raises:
            ConfigError: A file cannot be read or is no TOML.
            TypeError: Keywords stand beside what is loaded already.
        """
        if isinstance(self.config, Loaded):
            if self.sources or self.options or self.settings:
                raise TypeError("keywords cannot change a configuration that is loaded already")
            return self.config
        given = {"server": self.settings, "sources": self.sources, "plugins": self.options}
        if isinstance(self.config, Path | str):
            return load_config(self.config, overrides=given)
        tables: dict[str, Any] = {} if self.config is None else self.config.to_mapping()
        for section, values in given.items():
            tables[section] = {**tables.get(section, {}), **values}
        if self.config is None and self.plugins:
            tables["plugins"] = {"enabled": [], **tables["plugins"]}
        return load_mapping(tables)
