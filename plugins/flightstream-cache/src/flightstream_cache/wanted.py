"""What a request asks for, and under which names that may be kept."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pyarrow as pa
from attrs import frozen

from flightstream import ScanRequest

# Part of every name: a file that was written in another way is not found, and so never read.
_FORMAT = 1
_PLAIN = frozenset({bool, bytes, float, int, range, str, type(None)})


@frozen
class Wanted:
    """A flight at one version, and what a request asks of it.

    Args:
        flight: The flight's path.
        version: See the hook ``wrap_stream``.
        request: What is asked.
    """

    flight: str
    version: str
    request: ScanRequest

    @property
    def is_whole(self) -> bool:
        """Whether every row is asked for, of the flight or of one part."""
        asked = self.request
        return asked.filter is None and asked.limit is None and asked.offset == 0

    @property
    def key(self) -> str | None:
        """The name of a file with these columns and this part; ``None`` if there is none."""
        return self._key(self.request.columns)

    def candidates(self) -> Iterator[str]:
        """Yield the names of the files that have what is asked, and perhaps more."""
        asked = self.request
        key = self.key
        # What a part is for one filter, it need not be for another.
        if key is None or (asked.partition is not None and asked.filter is not None):
            return
        if asked.filter is None or asked.needed in (None, asked.columns):
            yield key
        if asked.partition is None and asked.columns is not None:
            whole = self._key(None)
            if whole is not None:
                yield whole

    def _key(self, columns: tuple[str, ...] | None) -> str | None:
        part = self.request.partition
        if not _is_plain(part):
            return None
        told = (_FORMAT, pa.__version__, self.version, columns, part)
        return sha256(repr(told).encode()).hexdigest()


def _is_plain(part: Any) -> bool:
    """Tell whether equal values are written alike, and different ones differently."""
    if type(part) in (tuple, list):
        return all(map(_is_plain, part))
    return type(part) in _PLAIN
