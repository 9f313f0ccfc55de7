"""A place with data in it, and the files that are there."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import pyarrow.fs as pafs
import structlog
from attrs import field, frozen

from flightstream.errors import Unavailable
from flightstream.models import Objects, StoredObject
from flightstream.storage.failures import Failures
from flightstream.storage.file import File
from flightstream.storage.file_set import FileSet, Grouping
from flightstream.storage.objects import objects_of
from flightstream.storage.once import once
from flightstream.storage.patterns import compiled, example, place

log = structlog.get_logger(__name__)


@frozen(eq=False)
class Source:
    """One configured place with data in it.

    Args:
        name: As in ``[sources.NAME]``.
        filesystem: Where it lies.
        path: Its root there: a folder or a single file.
        groupings: The flights that are many files, by name.
        failures: Tells what errors of its filesystem mean.

    .. versionadded:: 0.1
    """

    name: str
    filesystem: pafs.FileSystem = field(repr=False)
    path: str = field(repr=False)
    _objects: Objects = field(repr=False)
    groupings: Mapping[str, Grouping] = field(factory=dict, repr=False)
    failures: Failures = field(factory=Failures, repr=False)

    @_objects.default
    def _listed_by_itself(self) -> Objects:
        return objects_of(self.filesystem)

    def file_sets(self, *patterns: str, ignore_case: bool = False) -> Iterator[FileSet]:
        """Yield the flights that files make: each alone, but those that belong together.

        What belongs together is configured, ``[sources.NAME] flights``. A set
        without a file is yielded where its files would match the patterns.

        Args:
            patterns: Those of the files that an adapter reads, see :meth:`files`.
            ignore_case: Whether ``*.csv`` also means ``DATA.CSV``.

        Raises:
            Unavailable: The source cannot be listed.
        """
        files = list(self.files(*patterns, ignore_case=ignore_case))
        grouped: set[str] = set()
        for name, grouping in self.groupings.items():
            wanted = compiled(grouping.pattern)
            members = tuple(file for file in files if wanted.fullmatch(file.name))
            grouped.update(file.name for file in members)
            would_be = example(grouping.pattern)
            if members or any(compiled(p, ignore_case).fullmatch(would_be) for p in patterns):
                yield FileSet(name, members, grouping)
        for file in files:
            if file.name not in grouped:
                yield FileSet.of_file(file)

    def files(self, *patterns: str, ignore_case: bool = False) -> Iterator[File]:
        """Yield the files whose names match a pattern, ordered by name.

        A source that is a single file yields that one where its own name
        matches the last part of a pattern. Hidden files and folders (their
        names begin with a dot) are left out, and so are links to folders. A
        link to a file is that file, wherever it lies. Left out with a warning are
        names that are not printable text.

        Args:
            patterns: ``*`` and ``?`` stay within one folder, ``**/`` stands
                for any number of folders, ``[ab]`` for one of the letters.
            ignore_case: Whether ``*.csv`` also means ``DATA.CSV``.

        Raises:
            Unavailable: The source cannot be listed.
        """
        try:
            only = once((self.name, self.path), lambda: self._objects.find(self.path))
            listed = [only] if only is not None else self._listed(patterns, ignore_case)
            base = self.path.rpartition("/")[0] if only is not None else self.path
            skipped = len(base.rstrip("/")) + 1 if base else 0
            files = [
                File(self.filesystem, one.path[skipped:], one, self._objects, self.failures)
                for one in listed
            ]
        except OSError as exc:
            told = self.failures.told(exc)
            raise told or Unavailable(f"the source {self.name!r} cannot be listed") from exc
        if only is not None:
            patterns = tuple(pattern.rpartition("/")[2] for pattern in patterns)
        found = [compiled(pattern, ignore_case) for pattern in patterns]
        for file in sorted(files, key=lambda file: file.name.split("/")):
            if not file.name.isprintable():
                log.warning("file_name_unusable", source=self.name, file=ascii(file.name))
            elif any(pattern.fullmatch(file.name) for pattern in found):
                yield file

    def _listed(self, patterns: Iterable[str], ignore_case: bool) -> Iterator[StoredObject]:
        """Yield what lies where the patterns can match, hidden files and folders left out."""
        root = f"{self.path.rstrip('/')}/" if self.path else ""
        for folder, deep in _places(patterns, ignore_case):
            where = f"{root}{folder}".rstrip("/")
            try:
                below = once((self.name, where, deep), partial(self._below, where, deep))
                yield from (one for one in below if "/." not in f"/{one.path[len(root) :]}")
            except FileNotFoundError:
                if not folder:
                    raise
                # A folder that is named and not there is empty; a source is not.
                for _ in self._objects.list_below(self.path, deep=False):
                    break

    def _below(self, folder: str, deep: bool) -> list[StoredObject]:
        return list(self._objects.list_below(folder, deep=deep))


def _places(patterns: Iterable[str], ignore_case: bool) -> list[tuple[str, bool]]:
    """Return the folders to list, and whether all below them: none lies in another."""
    if ignore_case:  # a folder may be written in other letters
        wanted = {("", any("/" in pattern or "**" in pattern for pattern in patterns))}
    else:
        wanted = {place(pattern) for pattern in patterns}
    found: list[tuple[str, bool]] = []
    for folder, deep in sorted(wanted, key=lambda one: (one[0], not one[1])):
        covered = any(
            folder.startswith(other) if all_below else folder == other for other, all_below in found
        )
        if not covered:
            found.append((folder, deep))
    return found
