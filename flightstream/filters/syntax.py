"""A filter as it was written, before it meets a schema."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import frozen

from flightstream.filters.tree import Operator

ValueKind: TypeAlias = Literal[
    "null", "boolean", "number", "string", "date", "timestamp", "binary", "claim"
]


@frozen
class Name:
    """A column's name."""

    text: str


@frozen
class Value:
    """A literal: its text without quotes, for numbers with the sign; of a claim the name."""

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


def operands(condition: Condition) -> Iterator[Operand]:
    """Yield the names and values of a condition, as often as they are there."""
    match condition:
        case Name() | Value():
            yield condition
        case Comparison(left, _, right):
            yield from (left, right)
        case Membership(operand, items):
            yield from (operand, *items)
        case NullTest(operand):
            yield operand
        case Match(operand, pattern, escape):
            yield from (operand, pattern, *(() if escape is None else (escape,)))
        case Negation(operand):
            yield from operands(operand)
        case Junction(_, inner):
            for operand in inner:
                yield from operands(operand)
