"""What stands behind the rows of a file, and tells whether it is whole."""

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from attrs import field, frozen

# The length of the label, its checksum, and what begins no other kind of file.
_TAIL = struct.Struct("<QI8s")
_MAGIC = b"FSKEPT01"


class Damaged(Exception):
    """A file is not as it was written."""


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


def _mappings(values: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(values)


def _tuples(values: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, values))


@frozen(kw_only=True)
class Label:
    """What a file is.

    Args:
        key: The file's name.
        flight: The flight's path.
        version: Of the rows, where the server tells.
        total_records: Exact number of rows, or -1.
        total_bytes: Size as stored, or -1.
        adapter: The plugin that reads it, where the server tells.
        is_plain: Whether the server takes no commands, so that the client does what is asked.
        tickets: Those of a server that takes commands; another's may hold secrets.
        locations: Where each may be read.
        counts: What the server reported of the rows of each part.
    """

    key: str
    flight: str
    version: str | None
    total_records: int
    total_bytes: int
    adapter: str | None
    is_plain: bool
    tickets: tuple[str, ...] = field(converter=_texts)
    locations: tuple[tuple[str, ...], ...] = field(converter=_tuples)
    counts: tuple[Mapping[str, Any], ...] = field(converter=_mappings)

    def to_bytes(self, checksum: int, size: int) -> bytes:
        """Return what is written behind rows of this checksum and size."""
        document = {"checksum": checksum, "size": size, **attrs.asdict(self)}
        text = json.dumps(document, separators=(",", ":")).encode()
        return text + _TAIL.pack(len(text), zlib.crc32(text), _MAGIC)


@frozen
class Labelled:
    """A label, with what is to be found before it.

    Args:
        label: The label.
        checksum: Of the rows.
        size: Of the rows, in bytes.
    """

    label: Label
    checksum: int
    size: int

    @classmethod
    def read(cls, file: memoryview, key: str) -> "Labelled":
        """Return the label of a whole file.

        Raises:
            Damaged: There is none, it is not as it was written, or that of another file.
        """
        tail = len(file) - _TAIL.size
        if tail < 0:
            raise Damaged("it is too short")
        length, checksum, magic = _TAIL.unpack(file[tail:])
        if magic != _MAGIC or length > tail:
            raise Damaged("it does not end as it should")
        text = bytes(file[tail - length : tail])
        if zlib.crc32(text) != checksum:
            raise Damaged("its label has changed")
        document = json.loads(text)
        found = cls(
            checksum=document.pop("checksum"), size=document.pop("size"), label=Label(**document)
        )
        if found.size != tail - length or found.label.key != key:
            raise Damaged("it is the file of something else")
        return found
