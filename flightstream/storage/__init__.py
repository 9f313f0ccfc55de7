"""Where data lies: a URI becomes a filesystem, and that becomes files."""

from flightstream.storage.bucket_path import BucketPath, is_usable_key
from flightstream.storage.failures import Failures
from flightstream.storage.file import File, uncompressed
from flightstream.storage.file_set import FileSet, Grouping, balanced
from flightstream.storage.local import is_local, open_local
from flightstream.storage.objects import objects_of
from flightstream.storage.once import listed_once
from flightstream.storage.ranged import ranged_filesystem
from flightstream.storage.source import Source
from flightstream.storage.stores import OpenedStores, Store, StoreFailure, is_endpoint
from flightstream.storage.unify import Unify

__all__ = [
    "BucketPath",
    "Failures",
    "File",
    "FileSet",
    "Grouping",
    "OpenedStores",
    "Source",
    "Store",
    "StoreFailure",
    "Unify",
    "balanced",
    "is_endpoint",
    "is_local",
    "is_usable_key",
    "listed_once",
    "objects_of",
    "open_local",
    "ranged_filesystem",
    "uncompressed",
]
