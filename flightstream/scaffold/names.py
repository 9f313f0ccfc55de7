"""What a new plugin is called, in each of the places where it has a name."""

import re
from importlib.metadata import PackageNotFoundError, version

import attrs
from attrs import frozen

from flightstream.config import PluginsConfig
from flightstream.errors import ConfigError
from flightstream.registry.discover import installed, own_name

PREFIX = "flightstream-"
# With longer names some lines of the templates would have to be broken.
LETTERS = 23


@frozen
class Names:
    """The names of one plugin.

    Args:
        name: Words joined by hyphens, ``my-lake``; a storage's scheme.
        noun: What it is, see ``Kind``.
    """

    name: str
    noun: str

    @property
    def distribution(self) -> str:
        """What pip installs, ``flightstream-my-lake``."""
        return f"{PREFIX}{self.name}"

    @property
    def module(self) -> str:
        """What Python imports, ``flightstream_my_lake``."""
        return self.distribution.replace("-", "_")

    @property
    def plugin(self) -> str:
        """What the configuration calls it, ``my_lake``: a variable's name can have that in it."""
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        """What its class is called, ``MyLakeAdapter``."""
        return "".join(word.capitalize() for word in [*self.name.split("-"), self.noun])


def name_plugin(name: str, noun: str) -> Names:
    """Normalise a name as PEP 503 does, and check that a plugin can have it.

    Args:
        name: With or without ``flightstream-`` before it.
        noun: What the plugin is.

    Raises:
        ConfigError: It is no name, or taken by what is installed.
    """
    if not re.fullmatch(r"[A-Za-z0-9]+([-_.]+[A-Za-z0-9]+)*", name):
        raise ConfigError(f"{name!r} is no name: write letters and digits, joined by hyphens")
    names = Names(re.sub(r"[-_.]+", "-", name).lower().removeprefix(PREFIX), noun)
    if len(names.name) > LETTERS:
        raise ConfigError(f"{names.name!r} is longer than {LETTERS} letters")
    if not names.name[0].isalpha() or own_name(names.class_name) != names.plugin:
        # A class of that name could not be told from one of another.
        raise ConfigError(
            f"{names.name!r} is no name for a class: each word begins with a letter,"
            " and all but the last have two letters or more"
        )
    _check_free(names)
    return names


def _check_free(names: Names) -> None:
    if names.plugin in attrs.fields_dict(PluginsConfig):
        raise ConfigError(f"{names.plugin!r} is a key of [plugins] already: choose another name")
    if names.noun == "storage" and names.name == "file":
        raise ConfigError("file:// URIs are opened by the core: choose another name")
    for found in installed():
        if names.plugin == found.name.replace("-", "_"):
            raise ConfigError(
                f"the plugin {found.name!r} is there already, in {found.origin}:"
                " choose another name"
            )
    try:
        there = version(names.distribution)
    except PackageNotFoundError:
        return
    raise ConfigError(f"{names.distribution} {there} is installed already: choose another name")
