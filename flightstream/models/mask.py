"""What stands in place of values that may not be seen."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import pyarrow as pa
import pyarrow.compute as pc
from attrs import field, frozen, validators
from pyarrow import types

from flightstream.filters.types import comparable_type

MaskKind: TypeAlias = Literal["null", "redact", "sha256"]

_REDACTED = "***"


def _as_bytes(key: str | bytes | None) -> bytes | None:
    if key is not None and not key:  # as good as none, and nobody means that
        raise ValueError("the key of a mask is empty")
    return key.encode() if isinstance(key, str) else key


@frozen
class Mask:
    """What takes the place of each value of a column.

    The column stays visible, and its nulls stay null. A mask fits columns whose
    values a filter can compare. Of another type, such as a list or a struct, a
    column is hidden instead.

    - ``"null"``: nothing but nulls, of the column's type.
    - ``"redact"``: the text ``***``.
    - ``"sha256"``: the SHA-256 of the value as text, or of its bytes, in
      hexadecimal digits. Equal values stay equal. Without a key anybody can
      compute the digest of what they guess, and numbers, dates, names and
      addresses are soon guessed: give one.

    Args:
        kind: One of these.
        key: A secret for ``"sha256"``, which is an HMAC then: long, random, and
            the same on every server. Text is taken as UTF-8.

    Raises:
        ValueError: There is no such mask, or it takes no key, or the key is empty.

    .. versionadded:: 0.1
    """

    kind: MaskKind = field(validator=validators.in_(get_args(MaskKind)))
    key: bytes | None = field(default=None, converter=_as_bytes, repr=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.key is not None and self.kind != "sha256":
            raise ValueError(f"the mask {self.kind!r} takes no key")

    @property
    def fingerprint(self) -> str:
        """What tells this mask from any other, but not its key."""
        if self.key is None:
            return self.kind
        return f"{self.kind} {hmac.digest(self.key, b'flightstream.Mask', 'sha256').hex()}"

    def masked_field(self, stored: pa.Field) -> pa.Field | None:
        """Return how a column is announced, or ``None`` if this mask does not fit it.

        What its metadata says, it says of the values.
        """
        if comparable_type(stored.type) is None:
            return None
        if self.kind == "null":
            return pa.field(stored.name, stored.type)
        return pa.field(stored.name, pa.string(), stored.nullable)

    def apply(self, values: pa.Array) -> pa.Array:
        """Return what takes the place of a column's values, in the type of :meth:`masked_field`."""
        match self.kind:
            case "null":
                return pa.nulls(len(values), values.type)
            case "redact":
                nulls = pa.nulls(len(values), pa.string())
                return pc.if_else(values.is_valid(), pa.scalar(_REDACTED), nulls)
            case "sha256":
                return _digests(_as_text(values), self._digest)

    def _digest(self, text: bytes) -> str:
        if self.key is None:
            return hashlib.sha256(text).hexdigest()
        return hmac.digest(self.key, text, "sha256").hex()


def _as_text(values: pa.Array) -> pa.Array:
    """Return the texts of values as bytes: text need not be UTF-8."""
    plain = values.cast(comparable_type(values.type))
    if types.is_timestamp(plain.type) and plain.type.tz is not None:
        # The clock of a zone may not be known here, and may show a time twice.
        plain = plain.cast(pa.timestamp(plain.type.unit, "UTC"))
    if types.is_binary(plain.type) or types.is_large_binary(plain.type):
        return plain
    if types.is_large_string(plain.type):
        return plain.cast(pa.large_binary())
    return plain.cast(pa.string()).cast(pa.binary())


def _digests(texts: pa.Array, digest: Callable[[bytes], str]) -> pa.Array:
    distinct = texts.dictionary_encode()
    digests = [digest(text) for text in distinct.dictionary.to_pylist()]
    return pa.array(digests, pa.string()).take(distinct.indices)
