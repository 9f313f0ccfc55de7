"""A configuration from a file, the environment and the command line, or from keywords."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define

from flightstream.config.environment import (
    PREFIX,
    general_variables,
    match_name,
)
from flightstream.config.models import (
    Config,
    LogConfig,
    PluginsConfig,
    RawTables,
    ServerConfig,
    SourceConfig,
)
from flightstream.config.options import Reader
from flightstream.config.problems import Problem, Report, Row, unknown_key
from flightstream.config.settings import MISSING, Key, Layer, Origin, Settings
from flightstream.config.sources import (
    check_source_name,
    hide_credentials,
    name_sources,
    resolve_uri,
)
from flightstream.config.words import found
from flightstream.errors import ConfigError
from flightstream.plugin import options_of

FILE_NAME = "flightstream.toml"

_SECTIONS: dict[str, type[Any]] = {"server": ServerConfig, "log": LogConfig}
_PLACES = ("server", "log", "plugins", "sources")


@define(eq=False)
class Loaded:
    """A configuration that was read, with all that was found on the way.

    Args:
        draft: The configuration with defaults where a value is wrong, for
            finding more problems only; to run, take ``config``.
    """

    draft: Config
    _reader: Reader

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
        """What is wrong so far."""
        return tuple(problem for _, problem in self._reader.report.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was ignored and should be logged."""
        return tuple(self._reader.report.warnings)

    def check(self) -> None:
        """Raise ``ConfigError`` if there is any problem."""
        if self.problems:
            raise self._reader.report.error()

    def add_problem(self, key: tuple[str, ...], message: str) -> None:
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

    def describe(self) -> list[Row]:
        """Return each value and where it came from, secrets hidden.

        Options of plugins are in it once they were structured.
        """
        rows = self._reader.report.rows.values()
        return sorted(rows, key=lambda row: _PLACES.index(row.key.partition(".")[0]))


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
    environ = os.environ if environ is None else environ
    folder = Path.cwd() if working_folder is None else working_folder
    settings = Settings(Origin(Layer.DEFAULT, "default", folder))
    report = Report()
    _put_file(settings, path, folder)
    _put_environment(settings, report, environ, folder)
    command_line = Origin(Layer.OVERRIDE, "command line", folder)
    if uris:
        settings.put(("sources",), None, command_line)
        settings.put(("sources",), name_sources(uris, folder), command_line)
    for key, value in (overrides or {}).items():
        settings.put(tuple(key.split(".")), value, command_line)
    _put_data(settings, report, environ, folder)
    return _load(Reader(settings, environ, environ, report))


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
    environ = os.environ if environ is None else environ
    return _load(Reader(settings, {}, environ, Report()))


def _load(reader: Reader) -> Loaded:
    for key in reader.settings.values:
        if key not in _PLACES:
            inner = [f"{s}.{o}" for s, cls in _SECTIONS.items() for o in options_of(cls)]
            reader.problem((key,), unknown_key(key, _PLACES, elsewhere=inner))
    server, _ = reader.structure(ServerConfig, [("server",)])
    log, _ = reader.structure(LogConfig, [("log",)])
    draft = Config(
        server=ServerConfig(**server),
        log=LogConfig(**log),
        plugins=_plugins(reader),
        sources=_sources(reader),
    )
    return Loaded(draft, reader)


def _plugins(reader: Reader) -> PluginsConfig:
    known = options_of(PluginsConfig)
    raw = reader.settings.get(("plugins",))
    names = [name for name in raw if name not in known] if isinstance(raw, Mapping) else []
    values, _ = reader.structure(PluginsConfig, [("plugins",)], others=names)
    options: dict[str, Mapping[str, Any]] = {}
    for name in names:
        table = reader.settings.get(("plugins", name))
        if isinstance(table, Mapping):
            options[name] = table
            continue
        message = unknown_key(name, known)
        if "did you mean" not in message:
            message = f"expected a table with the options of a plugin, found {found(table)}"
        reader.problem(("plugins", name), message)
    return PluginsConfig(**values, options=options)


def _sources(reader: Reader) -> dict[str, SourceConfig]:
    raw = reader.settings.get(("sources",))
    if raw is MISSING:
        return {}
    if not isinstance(raw, Mapping):
        reader.problem(("sources",), f"expected a table, found {found(raw)}")
        return {}
    sources: dict[str, SourceConfig] = {}
    for name in raw:
        key = ("sources", name)
        if problem := check_source_name(name):
            reader.problem(key, f"the name {problem}")
        if not isinstance(reader.settings.get(key), Mapping):
            reader.problem(key, f"expected a table, found {found(reader.settings.get(key))}")
            continue
        values, _ = reader.structure(SourceConfig, [key], others=["options"])
        options = _source_options(reader, (*key, "options"))
        if "uri" in values and not check_source_name(name):
            values["uri"] = resolve_uri(values["uri"], reader.settings.origin((*key, "uri")).folder)
            shown = hide_credentials(values["uri"])
            reader.show((*key, "uri"), shown, str, reader.settings.origin((*key, "uri")))
            sources[name] = SourceConfig(**values, options=options)
    return sources


def _source_options(reader: Reader, key: Key) -> RawTables:
    raw = reader.settings.get(key)
    if raw is MISSING:
        return {}
    if not isinstance(raw, Mapping):
        reader.problem(key, f"expected a table, found {found(raw)}")
        return {}
    for name, table in raw.items():
        if not isinstance(table, Mapping):
            message = f"expected a table with the options of a plugin, found {found(table)}"
            reader.problem((*key, name), message)
    return {name: table for name, table in raw.items() if isinstance(table, Mapping)}


def _put_file(settings: Settings, path: Path | str | None, folder: Path) -> None:
    if path is None and not (folder / FILE_NAME).is_file():
        return
    name = str(path or FILE_NAME)
    place = folder / name
    try:
        document = tomllib.loads(place.read_bytes().decode("utf-8-sig"))
    except OSError as exc:
        reason = (exc.strerror or "it cannot be opened").lower()
        raise ConfigError(str(Problem(name, "", f"the file cannot be read: {reason}"))) from exc
    except UnicodeDecodeError as exc:
        message = f"the file is not UTF-8 text, at byte {exc.start}"
        raise ConfigError(str(Problem(name, "", message))) from exc
    except RecursionError as exc:
        raise ConfigError(str(Problem(name, "", "tables are nested too deeply"))) from exc
    except ValueError as exc:
        raise ConfigError(str(Problem(name, "", _syntax(str(exc))))) from exc
    settings.put((), document, Origin(Layer.FILE, name, place.parent))


def _syntax(text: str) -> str:
    found = re.fullmatch(r"(.*) \(at (?:(end of document)|line (\d+), column (\d+))\)", text, re.S)
    if found is None:
        return f"not TOML: {text}"
    place = found[2] or f"line {found[3]}, column {found[4]}"
    return f"{place}: not TOML: {found[1][:1].lower()}{found[1][1:]}"


def _put_environment(
    settings: Settings, report: Report, environ: Mapping[str, str], folder: Path
) -> None:
    for parts, variable in general_variables(environ):
        origin = Origin(Layer.ENVIRONMENT, f"environment {variable.name}", folder)
        if "" in parts:
            message = f"a part of the name is empty; write {PREFIX}SECTION__KEY"
            report.add(Problem(origin.name, "", message), (Layer.ENVIRONMENT,))
            continue
        key: Key = ()
        for part in parts:
            table = settings.get(key)
            key = (*key, match_name(part, table if isinstance(table, Mapping) else ()))
        literal = variable.value.literal
        settings.put(key, literal if isinstance(literal, Mapping) else variable.value, origin)


def _put_data(settings: Settings, report: Report, environ: Mapping[str, str], folder: Path) -> None:
    """Fall back to ``DATA_DIRECTORY`` or ``data/`` where no source is configured."""
    given = environ.get("DATA_DIRECTORY")
    sources = settings.get(("sources",))
    if sources is not MISSING and (sources or not isinstance(sources, Mapping)):
        if given:
            message = "ignored: sources are configured"
            report.warnings.append(Problem("environment DATA_DIRECTORY", "sources", message))
        return
    if given:
        origin = Origin(Layer.VARIABLE, "environment DATA_DIRECTORY", folder)
    else:
        origin = settings.default
    uri = given or "data/"
    for name in name_sources([uri], folder):
        settings.put(("sources", name), {"uri": uri}, origin)
