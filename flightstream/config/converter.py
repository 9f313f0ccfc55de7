"""The converter: what each declared type takes from TOML, strictly."""

import datetime
import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import GenericAlias
from typing import Any, TypeAlias, get_args, get_origin

import attrs
from cattrs import Converter, override
from cattrs.cols import list_structure_factory, mapping_structure_factory
from cattrs.gen import make_dict_structure_fn

from flightstream.config.pem import Pem
from flightstream.config.types import (
    ARRAYS,
    is_array,
    is_choice,
    is_table,
    is_union,
    mentions_secret,
)
from flightstream.config.words import expected, found
from flightstream.plugin import ByteSize, Secret

Hook: TypeAlias = Callable[[Any, Any], Any]

_MAX_SECRET_BYTES = 1024 * 1024


class Invalid(ValueError):
    """A value that cannot be taken; the message is for the operator."""


class WrongType(Invalid):
    """A value of another type than the declared one."""

    def __init__(self, type_: Any, value: Any) -> None:
        shown = found(value, hidden=mentions_secret(type_))
        super().__init__(f"expected {expected(type_)}, found {shown}")


def make_converter(environ: Mapping[str, str], folder: Path) -> Converter:
    """Make a converter that takes nothing for what it is not: no ``"12"`` for 12.

    Args:
        environ: The variables that secrets may name.
        folder: What paths are relative to.
    """
    converter = Converter()
    add = converter.register_structure_hook_factory
    for scalar, check in _SCALARS.items():
        converter.register_structure_hook(scalar, check)
    for moment in (datetime.date, datetime.datetime, datetime.time):
        converter.register_structure_hook(moment, _moment)
    converter.register_structure_hook(ByteSize, _byte_size)
    converter.register_structure_hook(Secret, partial(_secret, environ, folder))
    converter.register_structure_hook(Pem, partial(_pem, environ, folder))
    converter.register_structure_hook(Path, partial(_path, folder))
    add(is_choice, _literal)
    add(is_array, _array)
    add(is_table, _table)
    add(is_union, _union)
    return converter


def validated(attribute: "attrs.Attribute[Any]", hook: Hook) -> Hook:
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


def _scalar(*accepted: type) -> Hook:
    def check(raw: Any, type_: Any) -> Any:
        if not isinstance(raw, accepted) or (isinstance(raw, bool) and bool not in accepted):
            raise WrongType(type_, raw)
        if isinstance(raw, int) and raw.bit_length() > 63:
            raise Invalid("the number does not fit in 64 bits")
        if type_ is float and isinstance(raw, int | float):
            if math.isnan(raw):
                raise Invalid("nan cannot be used")
            return float(raw)
        return raw

    return check


_SCALARS: dict[type, Hook] = {
    str: _scalar(str),
    bool: _scalar(bool),
    int: _scalar(int),
    float: _scalar(float, int),
}


def _moment(raw: Any, type_: Any) -> Any:
    if type(raw) is not type_:  # a datetime is a date to Python, not to TOML
        raise WrongType(type_, raw)
    return raw


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
            return Secret(_read_secret(name, folder))
    raise WrongType(type_, raw)


def _pem(environ: Mapping[str, str], folder: Path, raw: Any, type_: Any) -> Pem:
    match raw:
        case Pem():
            return raw
        case str() if "-----BEGIN" in raw:
            return Pem(raw)
        case str() | Path():
            return Pem(_read_secret(str(raw), folder), _path(folder, raw, Path))
        case Mapping():
            return Pem(_secret(environ, folder, raw, type_).reveal())
    raise WrongType(type_, raw)


def _read_secret(name: str, folder: Path) -> str:
    try:
        with _path(folder, name, Path).open("rb") as file:
            content = file.read(_MAX_SECRET_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as exc:
        reason = (isinstance(exc, OSError) and exc.strerror) or "there can be no such path"
        raise Invalid(f"the file {name!r} cannot be read: {reason.lower()}") from exc
    if len(content) > _MAX_SECRET_BYTES:
        raise Invalid(f"the file {name!r} is larger than 1 MiB")
    try:
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Invalid(f"the file {name!r} is not UTF-8 text") from None
    if not text:
        raise Invalid(f"the file {name!r} is empty")
    return text


def _path(folder: Path, raw: Any, type_: Any) -> Path:
    if not isinstance(raw, str | Path):
        raise WrongType(type_, raw)
    return folder / Path(raw).expanduser()


def _literal(type_: Any) -> Hook:
    def hook(raw: Any, _type: Any) -> Any:
        # 1 == True == 1.0, but a choice is of one type.
        for choice in get_args(type_):
            if type(choice) is type(raw) and choice == raw:
                return choice
        raise WrongType(type_, raw)

    return hook


def _array(type_: Any, converter: Converter) -> Hook:
    item: Any = get_args(type_)[0] if get_args(type_) else Any
    items = list_structure_factory(GenericAlias(list, item), converter)  # type: ignore[arg-type]
    make = ARRAYS[get_origin(type_) or type_]

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
            struct_hook=validated(attribute, converter.get_structure_hook(attribute.type))
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
