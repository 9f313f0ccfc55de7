"""Where data lies: a URI becomes a filesystem, and that becomes files."""

from flightstream.storage.file import File, uncompressed
from flightstream.storage.local import open_local
from flightstream.storage.objects import objects_of
from flightstream.storage.source import Source

__all__ = ["File", "Source", "objects_of", "open_local", "uncompressed"]
