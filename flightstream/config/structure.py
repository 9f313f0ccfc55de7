"""One raw value becomes a value of its declared type, or a list of what is wrong with it."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import GenericAlias
from typing import Any, TypeAlias, get_args, get_origin

import attrs
from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError, override
from cattrs.cols import list_structure_factory, mapping_structure_factory
from cattrs.errors import (
    AttributeValidationNote,
    IterableValidationNote,
    StructureHandlerNotFoundError,
)
from cattrs.gen import make_dict_structure_fn

from flightstream.config.environment import Text
from flightstream.config.problems import unknown_key
from flightstream.config.words import (
    expected,
    found,
    is_array,
    is_choice,
    is_table,
    is_union,
    mentions_secret,
)
from flightstream.plugin import ByteSize, Secret

Fault: TypeAlias = tuple[tuple[Any, ...], str]
Hook: TypeAlias = Callable[[Any, Any], Any]

_MAX_DEPTH = 64
_MAX_SECRET_BYTES = 1024 * 1024


class Invalid(ValueError):
    """A value that cannot be taken; the message is for the operator."""


class WrongType(Invalid):
    """A value of another type than the declared one."""

    def __init__(self, type_: Any, value: Any) -> None:
        shown = found(value, hidden=mentions_secret(type_))
        super().__init__(f"expected {expected(type_)}, found {shown}")


def structure(
    raw: Any,
    type_: Any,
    attribute: "attrs.Attribute[Any]",
    environ: Mapping[str, str],
    folder: Path,
) -> tuple[Any, list[Fault]]:
    """Turn a raw value into the type and validate it.

    A value from the environment is tried as a TOML literal, then as text.

    Returns:
        The value and no faults, or ``None`` and what is wrong: the path within
        the value, and a message.
    """
    hook = _validated(attribute, _converter(environ, folder).get_structure_hook(type_))
    faults: list[Fault] = []
    for literal in (True, False) if _has_text(raw) else (True,):
        try:
            return hook(_plain(raw, literal=literal), type_), []
        except Exception as exc:  # hooks, types and validators may be a plugin's
            faults = faults or list(_faults(exc))
    return None, faults


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
            yield (), f"its type {exc.type_!r} is none that can be configured"
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


def _validated(attribute: "attrs.Attribute[Any]", hook: Hook) -> Hook:
    """Run a field's validator with its structuring, so that no field hides another's fault."""

    def structured(raw: Any, type_: Any) -> Any:
        value = hook(raw, type_)
        if attribute.validator is not None:
            try:
                attribute.validator(None, attribute, value)
            except AttributeError:
                pass  # it looks at the instance, which is not there yet: attrs asks it again
            except Exception as exc:
                raise Invalid(str(exc.args[0]) if exc.args else type(exc).__name__) from exc
        return value

    return structured


def _converter(environ: Mapping[str, str], folder: Path) -> Converter:
    converter = Converter()
    add = converter.register_structure_hook_factory
    for scalar, check in _SCALARS.items():
        converter.register_structure_hook(scalar, check)
    converter.register_structure_hook(ByteSize, _byte_size)
    converter.register_structure_hook(Secret, partial(_secret, environ, folder))
    add(is_choice, _literal)
    add(is_array, _array)
    add(is_table, _table)
    add(is_union, _union)
    return converter


def _scalar(*accepted: type) -> Hook:
    def check(raw: Any, type_: Any) -> Any:
        if not isinstance(raw, accepted) or (isinstance(raw, bool) and bool not in accepted):
            raise WrongType(type_, raw)
        if isinstance(raw, int) and raw.bit_length() > 63:
            raise Invalid("the number does not fit in 64 bits")
        if type_ is float and isinstance(raw, int | float):
            if math.isnan(raw):
                raise WrongType(type_, raw)
            return float(raw)
        return raw

    return check


_SCALARS: dict[type, Hook] = {
    str: _scalar(str),
    bool: _scalar(bool),
    int: _scalar(int),
    float: _scalar(float, int),
}


def _byte_size(raw: Any, type_: Any) -> ByteSize:
    value = _scalar(int, str)(raw, type_)
    try:
        return ByteSize.parse(value)
    except ValueError as exc:
        raise Invalid(str(exc)) from exc


def _secret(environ: Mapping[str, str], folder: Path, raw: Any, type_: Any) -> Secret:
    match raw:
        case Secret():
            return raw
        case str():
            return Secret(raw)
        case {"env": str(name), **rest} if not rest:
            if not environ.get(name):
                raise Invalid(f"the environment variable {name!r} is not set, or empty")
            return Secret(environ[name])
        case {"file": str(name), **rest} if not rest:
            return Secret(_read_secret(folder / Path(name).expanduser(), name))
    raise WrongType(type_, raw)


def _read_secret(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_SECRET_BYTES + 1)
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else "it is not text"
        raise Invalid(f"the file {name!r} cannot be read: {reason.lower()}") from None
    if not text or len(content) > _MAX_SECRET_BYTES:
        raise Invalid(f"the file {name!r} is {'larger than 1 MiB' if text else 'empty'}")
    return text


def _literal(type_: Any) -> Hook:
    def hook(raw: Any, _type: Any) -> Any:
        # 1 == True == 1.0, but a choice is of one type.
        for choice in get_args(type_):
            if type(choice) is type(raw) and choice == raw:
                return choice
        raise WrongType(type_, raw)

    return hook


def _array(type_: Any, converter: Converter) -> Hook:
    item: Any = get_args(type_)[0]
    items = list_structure_factory(GenericAlias(list, item), converter)  # type: ignore[arg-type]
    make = get_origin(type_)
    assert make is not None

    def hook(raw: Any, _type: Any) -> Any:
        if not isinstance(raw, list | tuple):
            raise WrongType(type_, raw)
        return make(items(raw, _type))

    return hook


def _table(type_: Any, converter: Converter) -> Hook:
    if attrs.has(get_origin(type_) or type_):
        items = _fields(type_, converter)
    else:
        items = mapping_structure_factory(type_, converter)

    def hook(raw: Any, _type: Any) -> Any:
        if isinstance(type_, type) and isinstance(raw, type_) and attrs.has(type_):
            return raw  # from Python it may be there already
        if not isinstance(raw, Mapping):
            raise WrongType(type_, raw)
        return items(raw, _type)

    return hook


def _fields(cls: Any, converter: Converter) -> Hook:
    resolved = attrs.resolve_types(get_origin(cls) or cls)
    overrides: dict[str, Any] = {
        attribute.name: override(
            struct_hook=_validated(attribute, converter.get_structure_hook(attribute.type))
        )
        for attribute in attrs.fields(resolved)
        if attribute.init and attribute.type is not None
    }
    return make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **overrides)


def _union(type_: Any, converter: Converter) -> Hook:
    members = [m for m in get_args(type_) if m is not type(None)]
    optional = len(members) < len(get_args(type_))
    hooks = [(member, converter.get_structure_hook(member)) for member in members]

    def hook(raw: Any, _type: Any) -> Any:
        if raw is None and optional:
            return None
        nearest: Exception = WrongType(type_, raw)
        for member, inner in hooks:
            try:
                return inner(raw, member)
            except WrongType:
                continue
            except Exception as exc:  # the right shape with something wrong in it
                nearest = exc
        raise nearest

    return hook


def _has_text(raw: Any) -> bool:
    if isinstance(raw, Mapping):
        return any(map(_has_text, raw.values()))
    return isinstance(raw, Text)


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
