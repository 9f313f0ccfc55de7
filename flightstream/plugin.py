"""How a plugin class is declared: ``@adapter``, ``@service`` and ``option()``."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import (
    Any,
    ClassVar,
    Literal,
    Self,
    TypeAlias,
    TypeVar,
    cast,
    dataclass_transform,
    get_type_hints,
)

import attrs
from attrs import field, frozen

from flightstream.errors import PluginLoadError
from flightstream.hookspecs import HOOKS_VERSION
from flightstream.storage import Source

PluginKind: TypeAlias = Literal["adapter", "service"]

PUSHDOWN = frozenset({"columns", "filter", "limit", "offset", "partitions"})
P = TypeVar("P")
_OPTION = "flightstream.option"
_KIND = "__flightstream_kind__"


@frozen
class Option:
    """What ``option()`` declared beside the type and the default."""

    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] | None = None
    env: str | None = None


class Secret:
    """A value that shows itself to nobody who only prints it.

    In configuration it is ``{ env = "NAME" }`` or ``{ file = "PATH" }``; a
    value that stands in the configuration itself is taken too.

    .. versionadded:: 0.1
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class ByteSize(int):
    """A number of bytes, written ``"3 MiB"``, ``"10 MB"`` or as a plain number.

    .. versionadded:: 0.1
    """

    _UNITS: ClassVar[dict[str, int]] = {
        "": 1, "b": 1,
        "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
        "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
    }  # fmt: skip

    @classmethod
    def parse(cls, value: int | str) -> Self:
        """Read a size.

        Raises:
            ValueError: It is negative, or not a number with a known unit.
        """
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(value)
        found = re.fullmatch(r"\s*([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*([A-Za-z]*)\s*", str(value))
        if not isinstance(value, str) or not found or found[2].lower() not in cls._UNITS:
            raise ValueError(f"{value!r} is not a size like 1048576, '3 MiB' or '10 MB'")
        # Not float: it is exact to 2**53 only.
        return cls(Fraction(found[1]) * cls._UNITS[found[2].lower()])

    def __str__(self) -> str:
        for unit in ("TiB", "GiB", "MiB", "KiB"):
            size = self._UNITS[unit.lower()]
            if self and self % size == 0:
                return f"{self // size} {unit}"
        return str(int(self))


def option(
    default: Any = attrs.NOTHING,
    *,
    help: str,
    factory: Callable[[], Any] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] | None = None,
    env: str | None = None,
    validator: Any = None,
) -> Any:
    """Declare an option of a plugin, to be set in ``[plugins.NAME]``.

    Args:
        default: The value if nothing is configured; without one the option is
            required.
        help: One sentence for the operator.
        factory: Makes the default, for lists and dictionaries.
        minimum: The least allowed number.
        maximum: The greatest allowed number.
        choices: The only allowed values.
        env: An environment variable that overrides the configuration file.
        validator: An attrs validator; what it raises is shown to the operator.

    .. versionadded:: 0.1
    """
    if factory is not None:
        default = attrs.Factory(factory)
    declared = Option(help, minimum, maximum, choices, env)
    validate = (
        _bounds(declared)
        if validator is None
        else attrs.validators.and_(_bounds(declared), validator)
    )
    return field(default=default, metadata={_OPTION: declared}, validator=validate)


def options_of(plugin: type[Any]) -> dict[str, tuple["attrs.Attribute[Any]", Option]]:
    """Return the options that a plugin class declares, in order."""
    return {
        attribute.name: (attribute, attribute.metadata[_OPTION])
        for attribute in attrs.fields(plugin)
        if _OPTION in attribute.metadata
    }


def default_of(attribute: "attrs.Attribute[Any]") -> Any:
    """Return the value of an option that nothing sets; ``attrs.NOTHING`` if it has to be set."""
    default: Any = attribute.default
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]


def kind_of(plugin: object) -> PluginKind | None:
    """Return what a class was declared as, or ``None`` if it is not a plugin."""
    return getattr(plugin, _KIND, None)


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(option, field))
def adapter(cls: type[P]) -> type[P]:
    """Declare a class as an adapter: it finds flights in a source and streams them.

    Its fields are ``source: Source``, options, and state, which is
    ``field(init=False)``. There is one instance for each source. Nothing is
    opened before ``on_startup``. What is true of every instance is a
    ``ClassVar``: ``pushdown``, what the adapter does itself of ``"columns"``,
    ``"filter"``, ``"limit"``, ``"offset"`` and ``"partitions"``, and
    ``hooks_version``, the :data:`~flightstream.HOOKS_VERSION` it was built for.

    Raises:
        PluginLoadError: The class has a field that is none of these, declares
            a pushdown that does not exist or another major version of the
            hooks, or compares by value.

    .. versionadded:: 0.1
    """
    return _declare(cls, "adapter")


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(option, field))
def service(cls: type[P]) -> type[P]:
    """Declare a class as a service plugin, which has options and state but no source.

    Raises:
        PluginLoadError: The class has a field that is neither, declares another
            major version of the hooks, or compares by value.

    .. versionadded:: 0.1
    """
    return _declare(cls, "service")


def _declare(cls: type[P], kind: PluginKind) -> type[P]:
    _check_hooks_version(cls)  # first: another contract may have other rules
    # Pluggy compares plugins with ==, so two equal instances would refuse to register.
    declared: Any = attrs.define(eq=False, kw_only=True)(cls)
    if declared.__eq__ is not object.__eq__:
        raise PluginLoadError(
            f"{cls.__name__} has an __eq__, and plugins that compare equal cannot be told apart:"
            " remove it, or declare the base it is from with eq=False"
        )
    hints = get_type_hints(declared)
    for attribute in attrs.fields(declared):
        if kind == "adapter" and attribute.name == "source":
            if hints["source"] is not Source:
                raise PluginLoadError(f"{cls.__name__}.source must be annotated as Source")
        elif attribute.init and _OPTION not in attribute.metadata:
            raise PluginLoadError(
                f"{cls.__name__}.{attribute.name} is neither an option nor state:"
                " declare it with option(), or field(init=False)"
            )
        elif attribute.name not in hints:
            raise PluginLoadError(f"{cls.__name__}.{attribute.name} has no type: annotate it")
    if kind == "adapter" and "source" not in hints:
        raise PluginLoadError(f"{cls.__name__} is an adapter and needs 'source: Source'")
    if unknown := frozenset(getattr(declared, "pushdown", ())) - PUSHDOWN:
        raise PluginLoadError(
            f"{cls.__name__}.pushdown has {', '.join(map(repr, sorted(unknown)))};"
            f" there are only {', '.join(sorted(PUSHDOWN))}"
        )
    setattr(declared, _KIND, kind)
    return cast(type[P], declared)


def _check_hooks_version(cls: type[Any]) -> None:
    built_for = getattr(cls, "hooks_version", HOOKS_VERSION)
    if not isinstance(built_for, str) or not re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}", built_for):
        raise PluginLoadError(
            f"{cls.__name__}.hooks_version is {built_for!r}, not a version like {HOOKS_VERSION!r}"
        )
    major, minor = map(int, built_for.split("."))
    our_major, our_minor = map(int, HOOKS_VERSION.split("."))
    if major != our_major or minor > our_minor:
        is_older = (major, minor) < (our_major, our_minor)
        cure = "upgrade the plugin" if is_older else "upgrade flightstream-core"
        raise PluginLoadError(
            f"{cls.__name__} is built for version {built_for} of the hooks, and this is version"
            f" {HOOKS_VERSION}: {cure}"
        )


def _bounds(declared: Option) -> Callable[[Any, "attrs.Attribute[Any]", Any], None]:
    def check(_instance: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if value is None:
            return
        shown = str(value) if isinstance(value, ByteSize) else repr(value)
        if declared.minimum is not None and value < declared.minimum:
            raise ValueError(f"{shown} is less than the minimum {declared.minimum}")
        if declared.maximum is not None and value > declared.maximum:
            raise ValueError(f"{shown} is more than the maximum {declared.maximum}")
        if declared.choices is not None and value not in declared.choices:
            allowed = ", ".join(repr(choice) for choice in declared.choices)
            raise ValueError(f"{shown} is not one of {allowed}")

    return check
