"""Where values come from, lowest first: the file, the environment, a folder of data."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from flightstream.config.environment import PREFIX, general_variables, match_name
from flightstream.config.problems import Problem, Report
from flightstream.config.settings import MISSING, Key, Layer, Origin, Settings
from flightstream.config.sources import name_sources
from flightstream.errors import ConfigError

FILE_NAME = "flightstream.toml"


def put_file(settings: Settings, path: Path | str | None, folder: Path) -> None:
    """Put what the file says; without a path, that of the folder if it has one.

    Raises:
        ConfigError: The file cannot be read, or is no TOML.
    """
    if path is None and not (folder / FILE_NAME).is_file():
        return
    name = str(path or FILE_NAME)
    place = folder / name
    try:
        document = tomllib.loads(place.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as exc:
        raise ConfigError(str(Problem(name, "", _unreadable(exc)))) from exc
    settings.put((), document, Origin(Layer.FILE, name, place.parent))


def put_environment(
    settings: Settings, report: Report, environ: Mapping[str, str], folder: Path
) -> None:
    """Put what every ``FLIGHTSTREAM__SECTION__KEY`` says."""
    for parts, variable in general_variables(environ):
        origin = Origin(Layer.ENVIRONMENT, f"environment {variable.name}", folder)
        if "" in parts:
            message = f"a part of the name is empty; write {PREFIX}SECTION__KEY"
            report.add(Problem(origin.name, "", message))
            continue
        key: Key = ()
        for part in parts:
            table = settings.get(key)
            key = (*key, match_name(part, table if isinstance(table, Mapping) else ()))
        literal = variable.value.literal
        settings.put(key, literal if isinstance(literal, Mapping) else variable.value, origin)


def put_data(settings: Settings, report: Report, environ: Mapping[str, str], folder: Path) -> None:
    """Fall back to ``DATA_DIRECTORY`` or ``data/`` where no source is configured."""
    given = environ.get("DATA_DIRECTORY")
    sources = settings.get(("sources",))
    if sources is not MISSING and (sources or not isinstance(sources, Mapping)):
        if given:
            message = "ignored: sources are configured"
            report.warn(Problem("environment DATA_DIRECTORY", "sources", message))
        return
    if given:
        origin = Origin(Layer.VARIABLE, "environment DATA_DIRECTORY", folder)
    else:
        origin = settings.default
    uri = given or "data/"
    for name in name_sources([uri], folder):
        settings.put(("sources", name), {"uri": uri}, origin)


def _unreadable(exc: Exception) -> str:
    match exc:
        case OSError():
            return f"the file cannot be read: {(exc.strerror or 'it cannot be opened').lower()}"
        case UnicodeDecodeError():
            return f"the file is not UTF-8 text, at byte {exc.start}"
        case RecursionError():
            return "tables are nested too deeply"
    where = r"(.*) \(at (?:(end of document)|line (\d+), column (\d+))\)"
    found = re.fullmatch(where, str(exc), re.DOTALL)
    if found is None:
        return f"not TOML: {exc}"
    place = found[2] or f"line {found[3]}, column {found[4]}"
    return f"{place}: not TOML: {found[1][:1].lower()}{found[1][1:]}"
