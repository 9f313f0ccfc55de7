"""Where data lies: a URI becomes a filesystem, and that becomes files."""

from flightstream.storage.failures import Failures
from flightstream.storage.file import File, uncompressed
from flightstream.storage.file_set import FileSet, Grouping, balanced
from flightstream.storage.local import open_local
from flightstream.storage.objects import objects_of
from flightstream.storage.once import listed_once
from flightstream.storage.source import Source
from flightstream.storage.unify import Unify

__all__ = [
    "Failures",
    "File",
    "FileSet",
    "Grouping",
    "Source",
    "Unify",
    "balanced",
    "listed_once",
    "objects_of",
    "open_local",
    "uncompressed",
]
