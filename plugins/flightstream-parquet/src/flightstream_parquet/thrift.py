"""Thrift's compact protocol, as far as Parquet's own structures need it.

What Arrow says of a column chunk cannot be asked for safely: where a footer is
encrypted or damaged, its accessors end the process instead of raising. So the
footer is read here.
"""

import struct
from typing import Any, TypeAlias

Struct: TypeAlias = dict[int, Any]

_BOOLEANS = {1: True, 2: False}
_BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = 3, 7, 8, 9, 10, 11, 12, 13
_INTEGERS = (4, 5, 6)
_DEEPEST = 32


class Long(int):
    """A number to be written with 64 bits."""


class Malformed(Exception):
    """The bytes are no structure, or end within one."""


def read_struct(data: bytes, start: int = 0) -> tuple[Struct, int]:
    """Return a structure, its values by field number, and where it ends.

    Raises:
        Malformed: There is none.
    """
    try:
        return _struct(data, start, 0)
    except (IndexError, struct.error) as exc:
        raise Malformed from exc


def write_struct(fields: Struct) -> bytes:
    """Return the bytes of a structure: of numbers, bytes, structures, and lists of one of these."""
    parts, last = [], 0
    for number, value in sorted(fields.items()):
        parts.append(bytes([(number - last) << 4 | _kind(value)]) + _written(value))
        last = number
    return b"".join(parts) + b"\0"


def natural(fields: Struct, number: int, default: int | None = None) -> int:
    """Return a field that is a number and not negative.

    Raises:
        Malformed: It is something else, or is not there and has no default.
    """
    value = fields.get(number, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Malformed
    return value


def structs(fields: Struct, number: int) -> list[Struct]:
    """Return a field that is a list of structures; empty if it is not there.

    Raises:
        Malformed: It is something else.
    """
    value = fields.get(number, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Malformed
    return value


def _struct(data: bytes, at: int, depth: int) -> tuple[Struct, int]:
    if depth > _DEEPEST:
        raise Malformed
    fields: Struct = {}
    number = 0
    while header := data[at]:
        at += 1
        kind = header & 15
        if header >> 4:
            number += header >> 4
        else:
            number, at = _integer(data, at)
        if kind in _BOOLEANS:
            fields[number] = kind == 1
        else:
            fields[number], at = _value(data, at, kind, depth)
    return fields, at + 1


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in _INTEGERS:
        return _integer(data, at)
    if kind == _BINARY:
        size, at = _varint(data, at)
        return _bytes(data, at, size)
    if kind == _STRUCT:
        return _struct(data, at, depth + 1)
    if kind in (_LIST, _SET):
        return _list(data, at, depth + 1)
    if kind == _MAP:
        return _map(data, at, depth + 1)
    if kind == _BYTE or kind in _BOOLEANS:  # of booleans, only those in a list have a byte
        return data[at], at + 1
    if kind == _DOUBLE:
        return struct.unpack_from("<d", data, at)[0], at + 8
    if kind == _UUID:
        return _bytes(data, at, 16)
    raise Malformed


def _list(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    header = data[at]
    at += 1
    size, kind = header >> 4, header & 15
    if size == 15:
        size, at = _varint(data, at)
    items = []
    for _ in range(size):
        item, at = _value(data, at, kind, depth)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, depth: int) -> tuple[list[tuple[Any, Any]], int]:
    size, at = _varint(data, at)
    items: list[tuple[Any, Any]] = []
    if not size:
        return items, at
    kinds = data[at]
    at += 1
    for _ in range(size):
        key, at = _value(data, at, kinds >> 4, depth)
        value, at = _value(data, at, kinds & 15, depth)
        items.append((key, value))
    return items, at


def _bytes(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise Malformed
    return data[at : at + size], at + size


def _integer(data: bytes, at: int) -> tuple[int, int]:
    number, at = _varint(data, at)
    return (number >> 1) ^ -(number & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    number, shift = byte & 127, 7
    while True:
        at += 1
        byte = data[at]
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at + 1
        shift += 7
        if shift > 63:
            raise Malformed


def _kind(value: Any) -> int:
    if isinstance(value, int):
        return _INTEGERS[2] if isinstance(value, Long) else _INTEGERS[1]
    return _BINARY if isinstance(value, bytes) else _STRUCT if isinstance(value, dict) else _LIST


def _written(value: Any) -> bytes:
    if isinstance(value, int):
        return _as_varint(value << 1)
    if isinstance(value, bytes):
        return _as_varint(len(value)) + value
    if isinstance(value, dict):
        return write_struct(value)
    head = bytes([len(value) << 4 | _kind(value[0])])
    return head + b"".join(map(_written, value))


def _as_varint(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)
