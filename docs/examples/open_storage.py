"""A storage: ``shared://sales`` is the folder ``sales`` of a shared disk."""

from pathlib import Path

import pyarrow.fs as pafs

from flightstream import ConfigError, Storage, hookimpl, option, service

SCHEME = "shared://"


@service
class SharedStorage:
    """Opens ``shared://`` URIs as folders below one root."""

    root: Path = option(help="The folder that is shared.")

    @hookimpl
    def open_storage(self, uri, options):
        if not uri.startswith(SCHEME):
            return None
        path = uri.removeprefix(SCHEME).strip("/")
        if not path.isprintable() or ".." in path.split("/"):
            raise ConfigError("write it as shared://folder")
        root = pafs.SubTreeFileSystem(str(options["root"]), pafs.LocalFileSystem())
        try:
            found = root.get_file_info(path).type != pafs.FileType.NotFound
        except OSError:
            found = False
        if not found:
            raise ConfigError(f"there is no {path[:100]!r} on the shared disk")
        return Storage(root, path)
