"""A configuration from a file, the environment and the command line, or from keywords."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from attrs import define, field

from flightstream.config.converter import make_converter
from flightstream.config.layers import put_data, put_environment, put_file
from flightstream.config.models import Config
from flightstream.config.options import Reader
from flightstream.config.problems import Problem, Report, Row
from flightstream.config.sections import PLACES, draft_config
from flightstream.config.settings import Key, Layer, Origin, Settings
from flightstream.config.sources import name_sources
from flightstream.errors import ConfigError


@define(eq=False)
class Loaded:
    """A configuration that was read, with all that was found on the way.

    Args:
        draft: The configuration with defaults where a value is wrong, for
            finding more problems only; to run, take ``config``.
    """

    draft: Config
    _reader: Reader
    _read: "Callable[[], Loaded]" = field(repr=False)

    @property
    def config(self) -> Config:
        """The configuration.

        Raises:
            ConfigError: Something is wrong with it, a line for each problem.
        """
        self.check()
        return self.draft

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong so far, in the order of the file."""
        return self._reader.report.problems

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was ignored and should be logged."""
        return tuple(self._reader.report.warnings)

    def check(self) -> None:
        """Raise ``ConfigError`` if there is any problem."""
        if self.problems:
            raise ConfigError("\n".join(map(str, self.problems)))

    def add_problem(self, key: tuple[str | int, ...], message: str) -> None:
        """Add what was found elsewhere, such as a plugin that is not installed.

        Args:
            key: The parts of the dotted key, ``("plugins", "enabled")``; the
                problem names the file or variable that this key came from.
            message: What is wrong and what to do.
        """
        self._reader.problem(key, message)

    def structure_options(
        self, plugin: type[Any], name: str, source: str | None = None
    ) -> dict[str, Any] | None:
        """Structure the options of one plugin, for one source if it has one.

        Later ones win: ``[plugins.NAME]``, ``[sources.SOURCE.options.NAME]``, the
        variables that options name with ``env``, ``FLIGHTSTREAM__PLUGINS__NAME__KEY``,
        keywords. What is wrong is added to the problems.

        Args:
            plugin: A class declared by ``@adapter`` or ``@service``.
            name: The plugin's name.
            source: The source it will read.

        Returns:
            Keywords for the class, only those that are set; ``None`` if any is wrong.
        """
        tables: list[Key] = [("plugins", name)]
        if source is not None:
            tables.append(("sources", source, "options", name))
        values, right = self._reader.structure(plugin, tables)
        return values if right else None

    def reread(self) -> "Loaded":
        """Read the same again: the file, the variables, the files of secrets.

        Raises:
            ConfigError: The file cannot be read or is no TOML.
        """
        return self._read()

    def describe(self) -> list[Row]:
        """Return each value and where it came from, secrets hidden.

        Options of plugins are in it once they were structured.
        """
        rows = self._reader.report.rows.values()
        return sorted(rows, key=lambda row: PLACES.index(row.key.partition(".")[0]))


def load_config(
    path: Path | str | None = None,
    *,
    uris: Sequence[str] = (),
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    working_folder: Path | None = None,
) -> Loaded:
    """Read the configuration of a server.

    Later ones win: defaults, the file, the environment, the command line.
    Without sources in any of them, ``DATA_DIRECTORY`` is the source, or else
    ``data/``; where there are sources, ``DATA_DIRECTORY`` is ignored with a
    warning.

    Args:
        path: The file; by default ``flightstream.toml`` in the working folder,
            if there is one.
        uris: Sources from the command line, in place of all others.
        overrides: Dotted keys, ``{"server.port": 0}``, from the command line.
        environ: Variables, by default those of the process.
        working_folder: By default that of the process.

    Raises:
        ConfigError: The file cannot be read or is no TOML. What else is wrong
            is raised by ``Loaded.config``.
    """
    folder = Path.cwd() if working_folder is None else working_folder
    again = partial(
        load_config,
        path,
        uris=uris,
        overrides=overrides,
        environ=environ,
        working_folder=folder,
    )
    environ = os.environ if environ is None else environ
    settings = Settings(Origin(Layer.DEFAULT, "default", folder))
    report = Report()
    put_file(settings, path, folder)
    put_environment(settings, report, environ, folder)
    command_line = Origin(Layer.OVERRIDE, "command line", folder)
    if uris:
        settings.put(("sources",), None, command_line)
        settings.put(("sources",), name_sources(uris, folder), command_line)
    for key, value in (overrides or {}).items():
        settings.put(tuple(key.split(".")), value, command_line)
    put_data(settings, report, environ, folder)
    return _structured(settings, environ, environ, report, again)


def load_mapping(
    mapping: Mapping[str, Any],
    *,
    environ: Mapping[str, str] | None = None,
    working_folder: Path | None = None,
    origin: str = "keywords",
) -> Loaded:
    """Read a configuration given in Python, by the same rules as a file.

    No file is looked for, no variable read, and no source added; only secrets
    may name a variable.

    Args:
        mapping: The tables of a file, ``{"server": {"port": 0}, "sources":
            {"sales": "data/"}}``.
        environ: Where secrets are, by default the variables of the process.
        working_folder: What paths are relative to, by default that of the process.
        origin: How problems name where the values came from.
    """
    folder = Path.cwd() if working_folder is None else working_folder
    settings = Settings(Origin(Layer.DEFAULT, "default", folder))
    settings.put((), mapping, Origin(Layer.OVERRIDE, origin, folder))
    again = partial(load_mapping, mapping, environ=environ, working_folder=folder, origin=origin)
    secrets = os.environ if environ is None else environ
    return _structured(settings, {}, secrets, Report(), again)


def _structured(
    settings: Settings,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
    report: Report,
    again: Callable[[], Loaded],
) -> Loaded:
    reader = Reader(settings, variables, cache(partial(make_converter, environ)), report)
    return Loaded(draft_config(reader), reader, again)
