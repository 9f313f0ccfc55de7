"""Plugins that could be used: found without importing any, imported once selected."""

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, TypeGuard

from attrs import field, frozen

from flightstream.errors import PluginLoadError
from flightstream.plugin import PluginKind, kind_of

# What is used as soon as it is installed, and what only where it is asked for:
# two groups, so that nothing is imported to learn which of them it is.
GROUP = "flightstream"
SERVICES = "flightstream.services"


@frozen
class PluginClass:
    """A plugin's class and where it came from.

    Args:
        name: Its name in the configuration.
        cls: What ``@adapter`` or ``@service`` declared.
        distribution: The distribution that brings it, if it is installed.
        version: That of the distribution, or ``"unversioned"``.
        file: The file that it is, if it is in a folder of ``plugins.paths``.
    """

    name: str
    cls: type[Any]
    distribution: str | None = None
    version: str = "unversioned"
    file: Path | None = None

    @property
    def kind(self) -> PluginKind | None:
        """What the class was declared as."""
        return kind_of(self.cls)

    @property
    def opens_storage(self) -> bool:
        """Whether it opens URIs, so that sources may need it."""
        return hasattr(self.cls, "open_storage")


@frozen(eq=False)
class Found:
    """A plugin that could be used; nothing of it has been imported.

    Args:
        name: Its name in the configuration.
        group: The entry-point group, for an installed one.
        distribution: The distribution that brings it, if it is installed.
        version: That of the distribution, or ``"unversioned"``.
        file: The file that it is, if it is in a folder of ``plugins.paths``.
    """

    name: str
    _get_class: Callable[[], Any] = field(repr=False)
    group: str = GROUP
    distribution: str | None = None
    version: str = "unversioned"
    file: Path | None = None

    @property
    def origin(self) -> str:
        """What brings it, for people."""
        return str(self.file) if self.file else f"{self.distribution} {self.version}"

    @property
    def full_name(self) -> str | None:
        """What ``plugins.disabled`` may call it to leave others of its name alone."""
        return f"{self.distribution}:{self.name}" if self.distribution else None

    def load(self) -> PluginClass:
        """Import it.

        Raises:
            PluginLoadError: It cannot be imported, or is not a plugin class.
        """
        who = f"the plugin {self.name!r} of {self.origin}"
        try:
            cls = self._get_class()
        except PluginLoadError as exc:
            raise PluginLoadError(f"{who} cannot be used: {exc.message}") from exc
        except (Exception, SystemExit) as exc:
            reason = f"{type(exc).__name__}: {exc}"
            raise PluginLoadError(f"{who} cannot be imported: {reason}") from exc
        plugin = PluginClass(self.name, cls, self.distribution, self.version, self.file)
        if plugin.kind is None:
            raise PluginLoadError(_no_plugin(who, cls))
        is_common = plugin.kind == "adapter" or plugin.opens_storage
        if self.file is None and self.group != (GROUP if is_common else SERVICES):
            what = "adapters and storages" if is_common else "other services"
            right = GROUP if is_common else SERVICES
            raise PluginLoadError(
                f"{who} has its entry point in {self.group}: {what} go to {right}"
            )
        return plugin


def installed() -> list[Found]:
    """Return the installed plugins, sorted by name; nothing is imported."""
    # One distribution may be on the path twice.
    distinct = {(e.name, _distribution(e), e.group, e.value): e for e in _entries()}
    return [
        Found(name, entry.load, entry.group, *distribution)
        for (name, distribution, _, _), entry in sorted(distinct.items())
    ]


def in_folder(folder: Path) -> list[Found]:
    """Return the plugins of a folder, sorted: each ``NAME.py`` is the plugin ``NAME``.

    A file whose name begins with ``_`` or ``.`` is none. Nothing is imported.

    Raises:
        PluginLoadError: There is no such folder.
    """
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".py")
    except OSError as exc:
        reason = (exc.strerror or "it cannot be read").lower()
        raise PluginLoadError(f"the folder {str(folder)!r} cannot be read: {reason}") from exc
    return [
        Found(file.stem, partial(_import_file, file), file=file)
        for file in files
        if not file.name.startswith(("_", "."))
    ]


def given(classes: Sequence[type[Any]]) -> list[PluginClass]:
    """Name classes that were handed over, by their entry point or else by themselves.

    ``CsvAdapter`` is ``csv``, ``MyLakeAdapter`` is ``my_lake``.

    Raises:
        PluginLoadError: One of them is not a plugin class, or two have one name.
    """
    by_value = {entry.value: entry for entry in _entries()} if classes else {}
    plugins: dict[str, PluginClass] = {}
    for cls in classes:
        name = getattr(cls, "__qualname__", repr(cls))
        entry = by_value.get(f"{getattr(cls, '__module__', '')}:{name}")
        if entry is None:
            plugin = PluginClass(own_name(name), cls)
        else:
            plugin = PluginClass(entry.name, cls, *_distribution(entry))
        if plugin.kind is None:
            raise PluginLoadError(_no_plugin(f"the plugin {plugin.name!r}", cls))
        if plugins.setdefault(plugin.name, plugin).cls is not cls:
            raise PluginLoadError(
                f"{plugins[plugin.name].cls!r} and {cls!r} are both the plugin {plugin.name!r}:"
                " rename one of them"
            )
    return list(plugins.values())


def own_name(class_name: str) -> str:
    """Return what a class is called in the configuration, if no entry point names it."""
    last = class_name.rpartition(".")[2]
    bare = re.sub(r"(Adapter|Authenticator|Observer|Plugin|Service|Storage)$", "", last) or last
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower()


def _entries() -> list[EntryPoint]:
    every = entry_points()  # reads all distributions, whichever groups are asked for
    return [*every.select(group=GROUP), *every.select(group=SERVICES)]


def _import_file(file: Path) -> type[Any]:
    """Import a file, once in a process, and return the one class that it declares."""
    name = str(file)  # so two servers may have folders with equal names in them
    module = sys.modules.get(name)
    if module is None:
        spec = spec_from_file_location(name, file)
        assert spec is not None  # the suffix is .py
        assert spec.loader is not None
        module = sys.modules[name] = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    classes = [
        one
        for one in dict.fromkeys(filter(_is_class, vars(module).values()))
        if one.__module__ == name and kind_of(one) is not None
    ]
    if len(classes) != 1:
        names = " and ".join(cls.__name__ for cls in classes) or "no class"
        raise PluginLoadError(f"it declares {names} by @adapter or @service: a file is one plugin")
    return classes[0]


def _is_class(one: object) -> TypeGuard[type[Any]]:
    return isinstance(one, type)


def _no_plugin(who: str, cls: object) -> str:
    return f"{who} is {cls!r}, not a class declared by @adapter or @service"


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    if entry.dist is None:  # it was made by hand
        return entry.value, "unversioned"
    metadata = entry.dist.metadata  # is parsed whenever it is asked for
    return metadata["Name"], metadata["Version"]
