"""A filesystem of objects that are read by ranges, as most object stores offer them."""

import io
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.fs as pafs
from attrs import define, field

from flightstream.models import RangedObjects, StoredObject

_AHEAD_BYTES = 4 * 1024 * 1024


def ranged_filesystem(objects: RangedObjects) -> pafs.PyFileSystem:
    """Return an Arrow filesystem that reads objects by ranges, for :class:`Storage`.

    Every read is one request for just that range, but where a file is read on from
    where the last read ended: the ranges then double, up to 4 MiB.
    Nothing can be written. What ``objects`` raises passes through as it is.

    .. versionadded:: 0.1
    """
    return pafs.PyFileSystem(_Handler(objects))


class _Handler(pafs.FileSystemHandler):  # type: ignore[misc]
    def __init__(self, objects: RangedObjects) -> None:
        self.objects = objects

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Handler) and self.objects is other.objects

    __hash__ = None  # type: ignore[assignment]

    def get_type_name(self) -> str:
        return "ranged"

    def normalize_path(self, path: str) -> str:
        return path

    def open_input_file(self, path: str) -> pa.PythonFile:
        found = self.objects.find(path)
        if found is None:
            raise FileNotFoundError(path)
        return pa.PythonFile(_RangedFile(self.objects, found), mode="r")

    open_input_stream = open_input_file

    def get_file_info(self, paths: list[str]) -> list[pafs.FileInfo]:
        return [self._info(path) for path in paths]

    def get_file_info_selector(self, selector: pafs.FileSelector) -> list[pafs.FileInfo]:
        listed = self.objects.list_below(selector.base_dir, deep=selector.recursive)
        return [_file(one) for one in listed]

    def _info(self, path: str) -> pafs.FileInfo:
        found = self.objects.find(path)
        return pafs.FileInfo(path, pafs.FileType.NotFound) if found is None else _file(found)

    def _refuse(self, *_arguments: Any) -> NoReturn:
        raise pa.ArrowNotImplementedError("this filesystem is read only")

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refuse
    delete_file = move = copy_file = open_output_stream = open_append_stream = _refuse


@define(eq=False)
class _RangedFile:
    """An object as a Python file. Arrow lets one thread at a time use it."""

    objects: RangedObjects
    stored: StoredObject
    closed: bool = field(default=False, init=False)
    _at: int = field(default=0, init=False)
    _kept: memoryview = field(factory=lambda: memoryview(b""), init=False)
    _kept_from: int = field(default=-1, init=False)

    def read(self, size: int = -1) -> memoryview:
        left = max(0, self.stored.size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        begin = self._at - self._kept_from
        if wanted and not 0 <= begin <= begin + wanted <= len(self._kept):
            self._fetch(wanted, left)
            begin = 0
        self._at += wanted
        return self._kept[begin : begin + wanted] if wanted else memoryview(b"")

    def _fetch(self, wanted: int, left: int) -> None:
        """Fetch what is wanted, and more where reading just goes on."""
        goes_on = self._kept_from <= self._at <= self._kept_from + len(self._kept)
        ahead = min(2 * len(self._kept), _AHEAD_BYTES) if goes_on else 0
        length = min(left, max(wanted, ahead))
        self._kept, self._kept_from = memoryview(b""), -1  # not both at a time
        content = self.objects.read(self.stored, self._at, length)
        if len(content) != length:
            raise OSError(f"a range of {length} bytes came with {len(content)}")
        self._kept, self._kept_from = memoryview(content), self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.stored.size}[whence]
        self._at = begin + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        self._kept, self.closed = memoryview(b""), True


def _file(stored: StoredObject) -> pafs.FileInfo:
    return pafs.FileInfo(stored.path, pafs.FileType.File, size=stored.size)
