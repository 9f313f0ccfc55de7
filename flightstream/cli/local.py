"""What commands that read a configuration have in common."""

import os
import sys
from collections.abc import Sequence
from functools import reduce
from importlib import import_module
from typing import Any

import click

from flightstream.config import Loaded
from flightstream.errors import ConfigError, PluginLoadError
from flightstream.plugin import kind_of

config_option = click.option(
    "--config",
    metavar="FILE",
    help="The configuration; by default flightstream.toml in the working folder, if it is there.",
)
plugin_option = click.option(
    "--plugin",
    "plugins",
    metavar="MODULE:CLASS",
    multiple=True,
    help="A plugin class, also of a module in the working folder; may be given several times.",
)


def load_classes(names: Sequence[str], loaded: Loaded | None = None) -> list[type[Any]]:
    """Import plugin classes by ``module:Class``.

    Args:
        names: As given to ``--plugin``.
        loaded: A configuration, whose problems are told together with theirs.

    Raises:
        ConfigError: All that cannot be loaded, a line each.
    """
    folder = os.getcwd()
    if names and folder not in sys.path:
        # Last, so that no file there stands in for a module that others import.
        sys.path.append(folder)
    classes, problems = [], []
    for name in names:
        try:
            classes.append(_load(name))
        except PluginLoadError as exc:
            problems.append(f"--plugin {name}: {exc.message}")
    if problems:
        known = loaded.problems if loaded is not None else ()
        raise ConfigError("\n".join([*problems, *map(str, known)]))
    return classes


def _load(name: str) -> type[Any]:
    module_name, _, class_name = name.partition(":")
    if not module_name or not class_name:
        raise PluginLoadError("write it as module:Class")
    try:
        loaded: Any = reduce(getattr, class_name.split("."), import_module(module_name))
    except PluginLoadError:
        raise
    except (Exception, SystemExit) as exc:
        reason = " ".join(str(exc).split())
        raise PluginLoadError(f"{type(exc).__name__}: {reason}") from exc
    if not isinstance(loaded, type) or kind_of(loaded) is None:
        raise PluginLoadError("not a class declared by @adapter or @service")
    return loaded
