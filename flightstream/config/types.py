"""What kinds of types an option may be declared with."""

import types
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from flightstream.plugin import Secret

# What each array type becomes: abstract ones a type that cannot be changed.
ARRAYS: dict[Any, Callable[[Iterable[Any]], Any]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    Sequence: tuple,
    Set: frozenset,
}


def mentions_secret(type_: Any) -> bool:
    """Tell whether a value of this type may be secret, or have secrets in it."""
    if attrs.has(type_):
        return False  # its own fields tell
    return type_ is Secret or any(mentions_secret(inner) for inner in get_args(type_))


def is_union(type_: Any) -> bool:
    """Tell whether a type is ``A | B``."""
    return get_origin(type_) in (Union, types.UnionType)


def is_choice(type_: Any) -> bool:
    """Tell whether a type is ``Literal``."""
    origin: Any = get_origin(type_)
    return origin is Literal


def is_array(type_: Any) -> bool:
    """Tell whether a type is an array of one kind of thing."""
    origin, arguments = get_origin(type_) or type_, get_args(type_)
    if origin is tuple and arguments:
        return len(arguments) == 2 and arguments[1] is Ellipsis
    return origin in ARRAYS


def is_table(type_: Any) -> bool:
    """Tell whether a type is a mapping, or a class with fields."""
    origin = get_origin(type_) or type_
    return attrs.has(origin) or (isinstance(origin, type) and issubclass(origin, Mapping))
