"""What stands behind the rows of a file, and tells whether it is whole."""

import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from attrs import converters, field, frozen
from xxhash import xxh3_64_intdigest, xxh3_128_digest

# The length of the label, its checksum, and what begins no other kind of file.
_TAIL = struct.Struct("<Q16s8s")
_MAGIC = b"FSCACHE1"
checksum = xxh3_64_intdigest
# What ends an Arrow IPC stream.
_END_BYTES = 8


def _numbers(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(values)


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


class Damaged(Exception):
    """A file is not as it was written."""


@frozen
class Blocks:
    """What a file has, block by block: each is one record batch, and what it needs.

    Args:
        has_dictionaries: Whether a block may need those before it.
        ends: Where each block ends.
        rows: How many each has.
        sums: The checksum of each.
    """

    has_dictionaries: bool
    ends: tuple[int, ...] = field(converter=_numbers)
    rows: tuple[int, ...] = field(converter=_numbers)
    sums: tuple[int, ...] = field(converter=_numbers)

    def span(self, number: int) -> slice:
        """Return where a block is."""
        return slice(self.ends[number - 1] if number else 0, self.ends[number])


@frozen(kw_only=True)
class Label:
    """What a file is.

    Args:
        key: The file's name.
        flight: The flight's path, for people.
        version: What its rows were made of, see the hook ``wrap_stream``.
        columns: The columns that were asked for, ``None`` for all.
        is_part: Whether it is one part of the flight.
        counts: What the adapter reported of the rows.
        blocks: Its rows.
    """

    key: str
    flight: str
    version: str
    columns: tuple[str, ...] | None = field(converter=converters.optional(_names))
    is_part: bool
    counts: Mapping[str, int]
    blocks: Blocks

    def to_bytes(self) -> bytes:
        """Return what is written behind the stream."""
        text = json.dumps(attrs.asdict(self), separators=(",", ":")).encode()
        return text + _TAIL.pack(len(text), xxh3_128_digest(text), _MAGIC)

    @classmethod
    def read(cls, file: memoryview) -> "Label":
        """Return the label of a whole file.

        Raises:
            Damaged: There is none, or it is not as it was written.
        """
        tail = len(file) - _TAIL.size
        if tail < 0:
            raise Damaged("it is too short")
        length, checksum, magic = _TAIL.unpack(file[tail:])
        if magic != _MAGIC or length > tail:
            raise Damaged("it does not end as it should")
        text = bytes(file[tail - length : tail])
        if xxh3_128_digest(text) != checksum:
            raise Damaged("its label has changed")
        known: dict[str, Any] = json.loads(text)
        label = cls(**{**known, "blocks": Blocks(**known["blocks"])})
        if label.blocks.ends[-1] + _END_BYTES != tail - length:
            raise Damaged("it has another length")
        return label
