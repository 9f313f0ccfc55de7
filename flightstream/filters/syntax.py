"""A filter as it was written, before it meets a schema."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import frozen

from flightstream.filters.tree import Operator

ValueKind: TypeAlias = Literal["null", "boolean", "number", "string", "date", "timestamp", "binary"]


@frozen
class Name:
    """A column's name."""

    text: str


@frozen
class Value:
    """A literal: its text without quotes, for numbers with the sign."""

    kind: ValueKind
    text: str


Operand: TypeAlias = Name | Value


@frozen
class Comparison:
    """``left operator right``."""

    left: Operand
    operator: Operator
    right: Operand


@frozen
class Membership:
    """``operand IN (items)``."""

    operand: Operand
    items: tuple[Operand, ...]


@frozen
class NullTest:
    """``operand IS NULL``."""

    operand: Operand


@frozen
class Match:
    """``operand LIKE pattern ESCAPE escape``."""

    operand: Operand
    pattern: Value
    escape: Value | None


@frozen
class Negation:
    """``NOT operand``."""

    operand: "Condition"


@frozen
class Junction:
    """``operand AND operand AND …``, or the same with OR."""

    word: Literal["AND", "OR"]
    operands: tuple["Condition", ...]


Condition: TypeAlias = Operand | Comparison | Membership | NullTest | Match | Negation | Junction


def names(condition: Condition) -> Iterator[str]:
    """Yield the columns that a condition names, as often as it does."""
    match condition:
        case Name(text):
            yield text
        case Comparison(left, _, right):
            yield from (*names(left), *names(right))
        case Membership(operand, items):
            yield from names(operand)
            for item in items:
                yield from names(item)
        case NullTest(operand) | Match(operand) | Negation(operand):
            yield from names(operand)
        case Junction(_, operands):
            for operand in operands:
                yield from names(operand)
