"""Folders and files of the machine itself."""

import os
from urllib.parse import unquote, urlsplit

import pyarrow.fs as pafs

from flightstream.errors import ConfigError
from flightstream.models import Storage


def is_local(uri: str) -> bool:
    """Tell whether a URI means a folder or file of the machine itself."""
    return "://" not in uri or uri.startswith("file://")


def open_local(uri: str) -> Storage | None:
    """Open a local folder or file.

    Args:
        uri: An absolute path, a path relative to the working folder, or a
            ``file://`` URI.

    Returns:
        ``None`` if the URI has another scheme.

    Raises:
        ConfigError: There is no such folder, or it may not be read.
    """
    if not is_local(uri):
        return None
    path = unquote(urlsplit(uri).path) if uri.startswith("file://") else uri
    path = os.path.abspath(os.path.expanduser(path))
    if not os.path.exists(path):
        raise ConfigError(f"there is no folder or file {path!r}")
    if not os.access(path, os.R_OK | (os.X_OK if os.path.isdir(path) else 0)):
        raise ConfigError(f"{path!r} may not be read by this process")
    return Storage(pafs.LocalFileSystem(), path)
