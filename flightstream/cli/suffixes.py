"""What kinds of files lie in a source that nobody reads."""

from collections import Counter, deque
from pathlib import PurePosixPath

import pyarrow.fs as pafs

from flightstream.storage import Source

_MOST_FOLDERS = 20
_MOST_SUFFIXES = 5
_COMPRESSIONS = frozenset({"gz", "bz2", "zst", "lz4", "xz", "br"})


def suffixes_in(source: Source) -> list[str]:
    """Return the commonest suffixes of a source's files, looking into a few folders only."""
    if source.filesystem.get_file_info(source.path).type == pafs.FileType.File:
        return [suffix] if (suffix := _suffix(source.path)) else []
    counts: Counter[str] = Counter()
    folders, seen = deque([source.path]), 0
    while folders and seen < _MOST_FOLDERS:
        seen += 1
        for info in source.filesystem.get_file_info(pafs.FileSelector(folders.popleft())):
            if info.base_name.startswith("."):
                continue
            if info.type == pafs.FileType.Directory:
                folders.append(info.path)
            elif info.type == pafs.FileType.File and (suffix := _suffix(info.base_name)):
                counts[suffix] += 1
    return [suffix for suffix, _ in counts.most_common(_MOST_SUFFIXES)]


def _suffix(path: str) -> str:
    """Return what a file is besides compressed, ``csv`` for ``A.CSV.gz``."""
    suffixes = [part[1:].lower() for part in PurePosixPath(path).suffixes]
    while suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    return suffix if suffix.isascii() and suffix.isalnum() else ""
