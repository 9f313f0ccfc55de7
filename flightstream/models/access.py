"""Who asks, and what they may see."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self, TypeAlias

from attrs import converters, field, frozen

from flightstream.models.mask import Mask

Operation: TypeAlias = Literal["list", "read", "write", "action"]


def _frozen_mapping(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(mapping))


# Not frozenset itself: type checkers cannot tell what it takes.
def _frozen_roles(roles: Iterable[str]) -> frozenset[str]:
    return frozenset(roles)


def _frozen_texts(texts: Iterable[str]) -> tuple[str, ...]:
    if isinstance(texts, str):  # its letters would be names, and hide nothing
        raise TypeError(f"Grant takes several texts, not {texts!r} alone: write [{texts!r}]")
    return tuple(texts)


def _frozen_names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(_frozen_texts(names))


def _frozen_masks(masks: Mapping[str, Mask]) -> Mapping[str, Mask]:
    for mask in masks.values():
        if not isinstance(mask, Mask):
            raise TypeError(f"Grant.masks takes a Mask for each column, not {mask!r}")
    return MappingProxyType(dict(masks))


@frozen
class Credentials:
    """What a call brought along for ``authenticate`` to judge.

    Args:
        headers: Lower-case names with their values, as sent.
        peer: The address that the call came from, as the transport writes it.
        peer_identity: The subject of the client's certificate, or ``""``.
        transport: ``"flight"`` for Arrow Flight.

    .. versionadded:: 0.1
    """

    headers: Mapping[str, tuple[str, ...]] = field(factory=dict, repr=False)
    peer: str = ""
    peer_identity: str = ""
    transport: str = "flight"


@frozen
class Identity:
    """Who asks.

    .. versionadded:: 0.1
    """

    ANONYMOUS: ClassVar["Identity"]

    subject: str
    roles: frozenset[str] = field(default=frozenset(), converter=_frozen_roles)
    claims: Mapping[str, Any] = field(
        factory=dict,
        converter=_frozen_mapping,
        repr=False,
    )


Identity.ANONYMOUS = Identity("anonymous")


@frozen
class Grant:
    """What an identity may see of one flight.

    A column that is not visible is nowhere: not in a schema, and to select it or
    to filter by it is the same error as for a column that does not exist. Names
    that a flight does not have mean nothing. ``rows`` may name any column, and
    sees its values as they are; then masks apply, and all that comes after, the
    client's filter to begin with, sees nothing else.

    Args:
        columns: The visible columns, or ``None`` for all.
        rows: Filters that every visible row satisfies, as SQL text.
        hidden: Columns that are not visible, whatever ``columns`` says:
            ``Grant(hidden={"card_number"})`` is all columns but this one.
        masks: What takes the place of the values of visible columns:
            ``Grant(masks={"email": Mask("redact")})``.

    .. versionadded:: 0.1
    """

    columns: frozenset[str] | None = field(
        default=None, converter=converters.optional(_frozen_names)
    )
    rows: tuple[str, ...] = field(default=(), converter=_frozen_texts)
    hidden: frozenset[str] = field(default=frozenset(), converter=_frozen_names, kw_only=True)
    masks: Mapping[str, Mask] = field(
        factory=dict, converter=_frozen_masks, kw_only=True, hash=False
    )

    def __attrs_post_init__(self) -> None:
        # What is hidden needs no mask: so equal grants are equal.
        masks = {name: mask for name, mask in self.masks.items() if name not in self.hidden}
        object.__setattr__(self, "masks", _frozen_masks(masks))

    def __and__(self, other: Self) -> "Grant":
        """Return the grant that allows only what both allow.

        A column for which they have different masks is hidden.
        """
        if self.columns is None or other.columns is None:
            columns = other.columns if self.columns is None else self.columns
        else:
            columns = self.columns & other.columns
        both = self.masks.keys() & other.masks.keys()
        torn = {name for name in both if self.masks[name] != other.masks[name]}
        return Grant(
            columns,
            self.rows + other.rows,
            hidden=self.hidden | other.hidden | torn,
            masks={**self.masks, **other.masks},
        )

    def shows(self, column: str) -> bool:
        """Tell whether a column is visible."""
        return column not in self.hidden and (self.columns is None or column in self.columns)
