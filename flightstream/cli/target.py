"""A file that is there complete, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


@contextmanager
def complete_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside ``path`` that takes its place when the block ends well.

    Raises:
        OSError: It cannot be written.
    """
    target = Path(os.path.realpath(path))  # what a link points to, not the link
    if target.exists() and not target.is_file():
        raise OSError(None, "it is not a regular file", str(path))
    beside = target.with_name(f".{target.name[:200]}.{uuid4().hex[:8]}.part")
    try:
        with _naming(path), open(beside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with _naming(path):
            os.replace(beside, target)
    finally:
        with suppress(OSError):
            beside.unlink()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say the name that the user knows in errors of the file beside it."""
    try:
        yield
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror or str(exc), str(path)) from exc
