"""Where data lies: a URI becomes a filesystem, and that becomes files."""

from flightstream.storage.files import File, Source, uncompressed
from flightstream.storage.local import open_local

__all__ = ["File", "Source", "open_local", "uncompressed"]
