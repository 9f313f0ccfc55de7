"""Arrow's filesystem of Google Cloud Storage, whose files can also be read at their end.

Its own fail there: ``seek(size)`` asks for a range that does not exist, and
the store's answer, 416, is an error.
"""

import io
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
from attrs import define, field


class GcsHandler(pafs.FileSystemHandler):  # type: ignore[misc]
    """Passes all on to Arrow's filesystem, and opens files as :class:`GcsFile`."""

    def __init__(self, filesystem: pafs.GcsFileSystem) -> None:
        self.filesystem = filesystem

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GcsHandler) and bool(self.filesystem == other.filesystem)

    __hash__ = None  # type: ignore[assignment]

    def get_type_name(self) -> str:
        """Return Arrow's name for it."""
        return str(self.filesystem.type_name)

    def normalize_path(self, path: str) -> str:
        """Return a path as it is."""
        return path

    def open_input_file(self, path: str) -> pa.PythonFile:
        """Open an object for reading at any position."""
        native = self.filesystem.open_input_file(path)
        return pa.PythonFile(GcsFile(native, native.size()), mode="r")

    def open_input_stream(self, path: str) -> pa.PythonFile:
        """Open an object for reading."""
        return self.open_input_file(path)

    def open_output_stream(self, path: str, metadata: Mapping[str, str] | None) -> pa.NativeFile:
        """Open an object for writing."""
        return self.filesystem.open_output_stream(path, metadata=metadata)

    def open_append_stream(self, path: str, metadata: Mapping[str, str] | None) -> pa.NativeFile:
        """Fail as Arrow's does: objects cannot grow."""
        return self.filesystem.open_append_stream(path, metadata=metadata)

    def get_file_info(self, paths: list[str]) -> Any:
        """Describe objects."""
        return self.filesystem.get_file_info(paths)

    def get_file_info_selector(self, selector: pafs.FileSelector) -> Any:
        """Describe what lies in a folder."""
        return self.filesystem.get_file_info(selector)

    def create_dir(self, path: str, recursive: bool) -> None:
        """Make a folder."""
        self.filesystem.create_dir(path, recursive=recursive)

    def delete_dir(self, path: str) -> None:
        """Remove a folder and all in it."""
        self.filesystem.delete_dir(path)

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:
        """Remove all in a folder."""
        self.filesystem.delete_dir_contents(path, missing_dir_ok=missing_dir_ok)

    def delete_root_dir_contents(self) -> None:
        """Fail as Arrow's does: that would be every bucket."""
        self.filesystem.delete_dir_contents("", accept_root_dir=True)

    def delete_file(self, path: str) -> None:
        """Remove an object."""
        self.filesystem.delete_file(path)

    def move(self, src: str, dest: str) -> None:
        """Move an object."""
        self.filesystem.move(src, dest)

    def copy_file(self, src: str, dest: str) -> None:
        """Copy an object."""
        self.filesystem.copy_file(src, dest)


@define(eq=False)
class GcsFile:
    """An object as a Python file: it never asks for what lies behind the end."""

    native: pa.NativeFile
    length: int
    _at: int = field(default=0, init=False)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return bool(self.native.closed)

    def read(self, size: int = -1) -> Any:
        """Return up to so many bytes; none at the end."""
        left = self.length - self._at
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted <= 0:
            return b""
        if self.native.tell() != self._at:  # a seek is a new request, reading on is none
            self.native.seek(self._at)
        content = self.native.read_buffer(wanted)
        self._at += len(content)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Choose where to read on."""
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.length}[whence]
        self._at = begin + offset
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def writable(self) -> bool:
        """Say no."""
        return False

    def close(self) -> None:
        """Close the object's connection."""
        self.native.close()
