"""Which columns of a flight a policy shows, and how."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from attrs import Attribute, field, frozen

from flightstream import Grant, Mask, Secret

MaskKind: TypeAlias = Literal["null", "redact", "sha256"]

_MIN_KEY_LENGTH = 16


def _check_key(_instance: Any, _attribute: "Attribute[Secret]", key: Secret) -> None:
    if len(key.reveal()) < _MIN_KEY_LENGTH:
        raise ValueError(
            f"the key has fewer than {_MIN_KEY_LENGTH} characters, so it can be guessed:"
            " take 32 random bytes, as 'openssl rand -hex 32' writes them"
        )


def _check_names(
    _instance: Any, _attribute: "Attribute[Any]", names: Mapping[str, Any] | tuple[str, ...] | None
) -> None:
    for name in names or ():
        if not name or "*" in name:  # taken as it stands, it would deny nothing
            raise ValueError(f"{name!r} is no name of a column, and there are no patterns of them")


def _frozen(masks: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(masks))


@frozen(kw_only=True)
class KeyedMask:
    """A mask with a key: ``{ kind = "sha256", key = { env = "MASK_KEY" } }``."""

    kind: Literal["sha256"]
    key: Secret = field(validator=_check_key)


@frozen(kw_only=True)
class Columns:
    """The columns that a policy shows: ``{ deny = ["card"], mask = { email = "sha256" } }``.

    Args:
        allow: Those that are visible; without it all are.
        deny: Those that are not.
        mask: What takes the place of values, by column.
    """

    allow: tuple[str, ...] | None = field(default=None, validator=_check_names)
    deny: tuple[str, ...] = field(default=(), validator=_check_names)
    mask: Mapping[str, MaskKind | KeyedMask] = field(
        factory=dict, converter=_frozen, validator=_check_names
    )

    def __attrs_post_init__(self) -> None:
        if self.allow is not None and self.deny:
            raise ValueError("allow and deny stand together: what is not allowed is denied")
        for name in self.mask:
            if name in self.deny or (self.allow is not None and name not in self.allow):
                raise ValueError(f"the column {name!r} has a mask, but is not visible")

    @property
    def show_all(self) -> bool:
        """Whether every column is visible as it is."""
        return self.allow is None and not self.deny and not self.mask

    def grant(self) -> Grant:
        """Return what these columns are of a grant."""
        masks = {
            name: Mask(mask.kind, key=mask.key.reveal())
            if isinstance(mask, KeyedMask)
            else Mask(mask)
            for name, mask in self.mask.items()
        }
        return Grant(self.allow, hidden=self.deny, masks=masks)
