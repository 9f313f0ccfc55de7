"""A flight, as an adapter describes it."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from attrs import field, frozen, validators


def is_flight_name(name: Sequence[str]) -> bool:
    """Tell whether a flight can have a name, see :class:`Flight`."""
    return bool(name) and not any(map(_is_bad, name))


def _is_bad(part: str) -> bool:
    return part in ("", ".", "..") or "/" in part or not part.isprintable()


def _check_name(_instance: object, _attribute: object, name: tuple[str, ...]) -> None:
    for part in name or ("",):
        if _is_bad(part):
            raise ValueError(f"{'/'.join(name)!r} is not a flight name: bad part {part!r}")


def _split_name(name: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(name.split("/")) if isinstance(name, str) else tuple(name)


def _split_optional_name(name: str | Sequence[str] | None) -> tuple[str, ...] | None:
    return None if name is None else _split_name(name)


@frozen
class Flight:
    """One dataset of a source, as its adapter describes it.

    Args:
        name: The path within the source: ``"2024/orders"`` or
            ``("2024", "orders")``. Parts are printable and none is empty,
            ``.`` or ``..``.
        origin: Whatever the adapter needs to find the data again, usually a
            :class:`File`. It never leaves the server, and the core does not
            look inside. If it has a method ``is_unchanged``, as files have, the
            core asks that before each use of a kept listing, and lists again
            if it says no: keep it quick.
        version: Changes whenever the data does, and is the same on every
            server that sees the same data. What the plugin's options change
            need not be in it: the core adds these to a ticket's version.
        full_name: The name when two flights of a source want the same; by
            default that of the ``File`` in ``origin``, suffix and all.
        schema: Only if it is known already: listing must stay cheap.
        total_records: Exact number of rows, or -1.
        total_bytes: Size as stored, or -1.

    .. versionadded:: 0.1
    """

    name: tuple[str, ...] = field(converter=_split_name, validator=_check_name)
    origin: Any = field(default=None, kw_only=True, repr=False)
    version: str = field(default="", kw_only=True)
    full_name: tuple[str, ...] | None = field(
        default=None,
        kw_only=True,
        converter=_split_optional_name,
        validator=validators.optional(_check_name),
    )
    schema: pa.Schema | None = field(default=None, kw_only=True, repr=False)
    total_records: int = field(default=-1, kw_only=True)
    total_bytes: int = field(default=-1, kw_only=True)
