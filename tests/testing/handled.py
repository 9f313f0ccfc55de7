"""A filesystem in Python over the local one, to be broken in one place at a time."""

from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs


class Handler(pafs.FileSystemHandler):
    """Reads local files."""

    local = pafs.LocalFileSystem()

    def open_input_file(self, path: str) -> Any:
        return self.local.open_input_file(path)

    def get_file_info(self, paths: list[str]) -> list[pafs.FileInfo]:
        return self.local.get_file_info(paths)

    def get_file_info_selector(self, selector: pafs.FileSelector) -> list[pafs.FileInfo]:
        return self.local.get_file_info(selector)

    def open_input_stream(self, path: str) -> Any:
        return self.local.open_input_stream(path)

    def get_type_name(self) -> str:
        return "handled"

    def normalize_path(self, path: str) -> str:
        return path

    def _refuse(self, *_arguments: Any) -> Any:
        raise pa.ArrowNotImplementedError("it is read alone")

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refuse
    delete_file = move = copy_file = open_output_stream = open_append_stream = _refuse
