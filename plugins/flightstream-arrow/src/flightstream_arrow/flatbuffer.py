"""Tables of flatbuffers, in which Arrow writes what describes its data.

Only what is needed to look at a message before Arrow reads it. Every position is
held against the length of the data, for it comes from whoever wrote the file.
"""

import struct
from typing import Any

from attrs import frozen

from flightstream_arrow.problem import Problem


@frozen
class Table:
    """One table; its fields are numbered in the order of Arrow's ``.fbs`` files.

    Args:
        data: The whole flatbuffer.
        position: Where in it the table begins.
    """

    data: Any
    position: int

    @classmethod
    def root(cls, data: Any) -> "Table":
        """Return the table that a flatbuffer is.

        Raises:
            Problem: The data ends before it, here and in all other methods.
        """
        return cls(data, _unpack("<I", data, 0)[0])

    def number(self, field: int, format: str, default: int = 0) -> int:
        """Return a number, written as ``struct`` calls it, such as ``"<q"``."""
        at = self._find(field)
        return int(_unpack(format, self.data, at)[0]) if at else default

    def table(self, field: int) -> "Table | None":
        """Return a table within this one."""
        at = self._find(field)
        return Table(self.data, at + _unpack("<I", self.data, at)[0]) if at else None

    def numbers(self, field: int, each: int = 1) -> tuple[int, ...]:
        """Return a vector of structs of so many 64-bit numbers each, all in a row."""
        at, length = self._vector(field)
        return _unpack(f"<{length * each}q", self.data, at)

    def structs(self, field: int, size: int) -> bytes:
        """Return a vector of structs of ``size`` bytes as it is."""
        at, length = self._vector(field)
        return bytes(_unpack(f"{length * size}s", self.data, at)[0])

    def _vector(self, field: int) -> tuple[int, int]:
        at = self._find(field)
        if not at:
            return 0, 0
        start = at + _unpack("<I", self.data, at)[0]
        return start + 4, _unpack("<I", self.data, start)[0]

    def _find(self, field: int) -> int:
        offsets = self.position - _unpack("<i", self.data, self.position)[0]
        size = _unpack("<H", self.data, offsets)[0]
        place = 4 + 2 * field
        if place + 2 > size:
            return 0
        offset: int = _unpack("<H", self.data, offsets + place)[0]
        return self.position + offset if offset else 0


def _unpack(format: str, data: Any, at: int) -> tuple[Any, ...]:
    # A negative position would count from the end.
    if at < 0 or at + struct.calcsize(format) > len(data):
        raise Problem("its description is damaged")
    return struct.unpack_from(format, data, at)
