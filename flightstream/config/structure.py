"""One raw value becomes a value of its declared type, or a list of what is wrong with it."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import attrs
from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.errors import (
    AttributeValidationNote,
    IterableValidationNote,
    StructureHandlerNotFoundError,
)

from flightstream.config.converter import Invalid, validated
from flightstream.config.environment import Text
from flightstream.config.problems import unknown_key
from flightstream.config.words import expected

Fault: TypeAlias = tuple[tuple[Any, ...], str]

_MAX_DEPTH = 64


class Faulty(Exception):
    """All that is wrong with one value."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


def structure(raw: Any, type_: Any, attribute: "attrs.Attribute[Any]", converter: Converter) -> Any:
    """Turn a raw value into its declared type and validate it.

    A value from the environment is tried as a TOML literal, then as text.

    Args:
        raw: The value as given.
        type_: The resolved type of the attribute.
        attribute: Its validator is run.
        converter: Of the folder that paths in the value are relative to.

    Raises:
        Faulty: With the path within the value and a message for each fault.
    """
    faults: list[Fault] = []
    for literal in (True, False):
        try:
            hook = validated(attribute, converter.get_structure_hook(type_))
            return hook(_plain(raw, literal=literal), type_)
        except Exception as exc:  # hooks, types and validators may be a plugin's
            faults = faults or list(_faults(exc))
    raise Faulty(faults)


def _faults(exc: BaseException) -> Iterator[Fault]:
    match exc:
        case BaseValidationError():
            for inner in exc.exceptions:
                step = _step(inner)
                for path, message in _faults(inner):
                    yield (*step, *path), message
        case ForbiddenExtraKeysError():
            known = [attribute.name for attribute in attrs.fields(exc.cl) if attribute.init]
            for key in sorted(exc.extra_fields):
                yield (str(key),), unknown_key(str(key), known)
        case KeyError():
            yield (), "required, but not set"
        case StructureHandlerNotFoundError():
            yield (), f"a {expected(exc.type_)!r} cannot be configured"
        case _:
            # attrs validators put the message first and what they looked at behind it.
            yield (), str(exc.args[0]) if exc.args else type(exc).__name__


def _step(exc: BaseException) -> tuple[Any, ...]:
    for note in getattr(exc, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return (note.name,)
        if isinstance(note, IterableValidationNote):
            return (note.index,)
    return ()


def _plain(raw: Any, *, literal: bool, depth: int = 0) -> Any:
    if depth > _MAX_DEPTH:
        raise Invalid(f"nested more than {_MAX_DEPTH} levels deep")
    match raw:
        case Text():
            return raw.literal if literal else raw.text
        case Mapping():
            return {k: _plain(v, literal=literal, depth=depth + 1) for k, v in raw.items()}
        case list() | tuple():
            return [_plain(v, literal=literal, depth=depth + 1) for v in raw]
    return raw
