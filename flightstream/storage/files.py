"""The files of a source: found by pattern, in a fixed order, each with a version."""

import os
import re
import stat
from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.fs as pafs
import structlog
from attrs import field, frozen

from flightstream.errors import NotFound, Stale, Unavailable

log = structlog.get_logger(__name__)

_COMPRESSIONS = frozenset({".gz", ".bz2", ".zst", ".lz4", ".xz", ".br"})


@frozen(eq=False)
class File:
    """One file as it was when it was listed.

    Args:
        filesystem: Where it lies.
        path: Its path there; never shown to clients.
        name: Its path within the source, parts separated by ``/``.
        size: In bytes.
        version: Changes when the content does.

    .. versionadded:: 0.1
    """

    filesystem: pafs.FileSystem = field(repr=False)
    path: str = field(repr=False)
    name: str
    size: int
    version: str
    _fingerprint: Hashable = field(repr=False)

    @property
    def stem(self) -> str:
        """The name without its suffix, and without that of a compression before it."""
        return str(uncompressed(self.name).with_suffix(""))

    def open(self) -> pa.NativeFile:
        """Open the file for reading at any position.

        Raises:
            NotFound: It is gone.
            Unavailable: It is there but cannot be opened.
        """
        try:
            return self.filesystem.open_input_file(self.path)
        except FileNotFoundError as exc:
            raise NotFound(f"the file {self.name!r} is gone") from exc
        except OSError as exc:
            raise Unavailable(f"the file {self.name!r} cannot be opened") from exc

    def check_unchanged(self) -> None:
        """Hold the file against what it was when it was listed.

        An adapter calls this before it gives out what it has just read, so
        that no stream mixes two states of a file. It costs one ``stat``.

        Raises:
            Stale: It has changed, or is gone.
        """
        if not self.is_unchanged():
            raise Stale(f"the file {self.name!r} changed: ask for the flight again")

    def is_unchanged(self) -> bool:
        """Tell whether the file still is what it was when it was listed."""
        try:
            if isinstance(self.filesystem, pafs.LocalFileSystem):
                return _local_fingerprint(os.stat(self.path)) == self._fingerprint
            info = self.filesystem.get_file_info(self.path)
            return _remote_fingerprint(info) == self._fingerprint
        except OSError:
            return False


@frozen(eq=False)
class Source:
    """One configured place with data in it.

    Args:
        name: As in ``[sources.NAME]``.
        filesystem: Where it lies.
        path: Its root there: a folder or a single file.

    .. versionadded:: 0.1
    """

    name: str
    filesystem: pafs.FileSystem = field(repr=False)
    path: str = field(repr=False)

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
            if isinstance(self.filesystem, pafs.LocalFileSystem):
                is_file, listed = _list_local(self.path)
            else:
                is_file, listed = _list_remote(self.filesystem, self.path)
            files = sorted(listed, key=lambda file: file.name.split("/"))
        except OSError as exc:
            raise Unavailable(f"the source {self.name!r} cannot be listed") from exc
        if is_file:
            patterns = tuple(pattern.rpartition("/")[2] for pattern in patterns)
        found = [_pattern(pattern, ignore_case) for pattern in patterns]
        for file in files:
            if not file.name.isprintable():
                log.warning("file_name_unusable", source=self.name, file=ascii(file.name))
            elif any(pattern.fullmatch(file.name) for pattern in found):
                yield File(
                    self.filesystem,
                    file.path,
                    file.name,
                    file.size,
                    file.version,
                    file.fingerprint,
                )


def uncompressed(name: str) -> PurePosixPath:
    """Return a file's name without the suffix of a compression, ``a.csv`` for ``a.csv.gz``."""
    path = PurePosixPath(name)
    return path.with_suffix("") if path.suffix.lower() in _COMPRESSIONS else path


@frozen
class _Listed:
    name: str
    path: str
    size: int
    version: str
    fingerprint: Hashable


def _list_local(root: str) -> tuple[bool, Iterator[_Listed]]:
    if os.path.isdir(root):
        return False, _walk(root)
    return True, iter([_listed_local(os.path.basename(root), root, os.stat(root))])


def _walk(root: str) -> Iterator[_Listed]:
    folders = [("", root)]
    while folders:
        prefix, folder = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as exc:
            if folder == root:
                raise
            _log_unreadable(prefix.rstrip("/"), exc)
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                status = entry.stat()
                is_folder = entry.is_dir(follow_symlinks=False)
            except OSError as exc:
                _log_unreadable(prefix + entry.name, exc)
                continue
            if stat.S_ISREG(status.st_mode):
                yield _listed_local(prefix + entry.name, entry.path, status)
            elif is_folder:
                folders.append((f"{prefix}{entry.name}/", entry.path))


def _log_unreadable(name: str, exc: OSError) -> None:
    # What is gone since the folder was read, or a dangling link, is no news.
    if not isinstance(exc, FileNotFoundError):
        log.warning("file_unreadable", file=ascii(name)[1:-1], reason=exc.strerror)


def _listed_local(name: str, path: str, status: os.stat_result) -> _Listed:
    version = f"{status.st_size:x}-{status.st_mtime_ns:x}"
    return _Listed(name, path, status.st_size, version, _local_fingerprint(status))


def _local_fingerprint(status: os.stat_result) -> Hashable:
    # More than the version has: the same on one machine only, but it also
    # tells a replaced file and a modification time that was set back.
    return (
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )  # fmt: skip


def _list_remote(filesystem: pafs.FileSystem, root: str) -> tuple[bool, Iterator[_Listed]]:
    info = filesystem.get_file_info(root)
    if info.type == pafs.FileType.File:
        return True, _listed_remote([info], root.rpartition("/")[0])
    infos = filesystem.get_file_info(pafs.FileSelector(root, recursive=True))
    return False, _listed_remote(infos, root.rstrip("/"))


def _listed_remote(infos: Iterable[pafs.FileInfo], base: str) -> Iterator[_Listed]:
    for info in infos:
        name = info.path[len(base) :].lstrip("/")
        hidden = any(part.startswith(".") for part in name.split("/"))
        if info.type == pafs.FileType.File and not hidden:
            fingerprint = _remote_fingerprint(info)
            version = f"{info.size:x}-{info.mtime_ns or 0:x}"
            yield _Listed(name, info.path, info.size, version, fingerprint)


def _remote_fingerprint(info: pafs.FileInfo) -> Hashable:
    return (info.size, info.mtime_ns)


@lru_cache(maxsize=256)
def _pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    parts = []
    for token in re.findall(r"\*\*/|\*\*|\*|\?|\[!?[^]/]+\]|.", pattern, re.DOTALL):
        match token:
            case "**/":
                parts.append(r"(?:[^/]+/)*")
            case "**":
                parts.append(r".*")
            case "*":
                parts.append(r"[^/]*")
            case "?":
                parts.append(r"[^/]")
            case _ if len(token) > 1:
                inside = token[1:-1]
                letters = re.sub(r"[^\w-]", r"\\\g<0>", inside.removeprefix("!"))
                parts.append(f"[^/{letters}]" if inside[0] == "!" else f"[{letters}]")
            case _:
                parts.append(re.escape(token))
    return re.compile("".join(parts), re.IGNORECASE if ignore_case else 0)
