"""What lies below a place: of local folders, and of any Arrow filesystem."""

import os
import stat
from collections.abc import Hashable, Iterator

import pyarrow.fs as pafs
import structlog
from attrs import frozen

from flightstream.models import Objects, StoredObject

log = structlog.get_logger(__name__)


def objects_of(filesystem: pafs.FileSystem) -> Objects:
    """Return what lists a filesystem."""
    is_local = isinstance(filesystem, pafs.LocalFileSystem)
    return LocalObjects() if is_local else FilesystemObjects(filesystem)


@frozen
class LocalObjects:
    """The files of the machine itself."""

    def find(self, path: str) -> StoredObject | None:
        """Return a file, by one ``stat``."""
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _local(path, status) if stat.S_ISREG(status.st_mode) else None

    def list_below(self, folder: str, *, deep: bool) -> Iterator[StoredObject]:
        """Yield the files of a folder; hidden ones and links to folders are left out."""
        folders = [folder]
        while folders:
            path = folders.pop()
            try:
                entries = list(os.scandir(path))
            except OSError as exc:
                if path == folder:
                    raise
                _log_unreadable(path, folder, exc)
                continue
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                try:
                    status = entry.stat()
                    is_folder = entry.is_dir(follow_symlinks=False)
                except OSError as exc:
                    _log_unreadable(entry.path, folder, exc)
                    continue
                if stat.S_ISREG(status.st_mode):
                    yield _local(entry.path, status)
                elif is_folder and deep:
                    folders.append(entry.path)


@frozen
class FilesystemObjects:
    """The files of an Arrow filesystem, which knows sizes and times of change."""

    filesystem: pafs.FileSystem

    def find(self, path: str) -> StoredObject | None:
        """Return a file."""
        info = self.filesystem.get_file_info(path)
        return _remote(info) if info.type == pafs.FileType.File else None

    def list_below(self, folder: str, *, deep: bool) -> Iterator[StoredObject]:
        """Yield the files of a folder."""
        for info in self.filesystem.get_file_info(pafs.FileSelector(folder, recursive=deep)):
            if info.type == pafs.FileType.File:
                yield _remote(info)


def _local(path: str, status: os.stat_result) -> StoredObject:
    return StoredObject(
        path,
        status.st_size,
        f"{status.st_size:x}-{status.st_mtime_ns:x}",
        fingerprint=_fingerprint(status),
    )


def _fingerprint(status: os.stat_result) -> Hashable:
    # More than the version has: the same on one machine only, but it also
    # tells a replaced file and a modification time that was set back.
    return (
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )  # fmt: skip


def _remote(info: pafs.FileInfo) -> StoredObject:
    return StoredObject(info.path, info.size, f"{info.size:x}-{info.mtime_ns or 0:x}")


def _log_unreadable(path: str, root: str, exc: OSError) -> None:
    # What is gone since the folder was read, or a dangling link, is no news.
    if not isinstance(exc, FileNotFoundError):
        name = os.path.relpath(path, root)
        log.warning("file_unreadable", file=ascii(name)[1:-1], reason=exc.strerror)
