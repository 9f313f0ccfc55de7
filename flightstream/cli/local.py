"""What commands that read a configuration have in common."""

import os
import sys
from collections.abc import Sequence
from functools import reduce
from importlib import import_module
from typing import Any

import click

from flightstream.errors import PluginLoadError
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


def load_classes(names: Sequence[str]) -> list[type[Any]]:
    """Import plugin classes by ``module:Class``.

    Raises:
        PluginLoadError: All that cannot be loaded, a line each.
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
            problems.append(exc.message)
    if problems:
        raise PluginLoadError("\n".join(problems))
    return classes


def _load(name: str) -> type[Any]:
    module_name, _, class_name = name.partition(":")
    if not module_name or not class_name:
        raise PluginLoadError(f"--plugin {name}: write it as module:Class")
    try:
        loaded: Any = reduce(getattr, class_name.split("."), import_module(module_name))
    except PluginLoadError as exc:
        raise PluginLoadError(f"--plugin {name}: {exc.message}") from exc
    except (Exception, SystemExit) as exc:
        raise PluginLoadError(f"--plugin {name}: {type(exc).__name__}: {exc}") from exc
    if not isinstance(loaded, type) or kind_of(loaded) is None:
        raise PluginLoadError(f"--plugin {name}: not a class declared by @adapter or @service")
    return loaded
