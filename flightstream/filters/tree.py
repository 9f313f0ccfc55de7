"""What a bound filter is made of: a small algebra, for the compiler and for adapters.

An adapter that prunes by statistics walks :attr:`Filter.tree
<flightstream.filters.Filter.tree>`. Truth has three values, as in SQL: a row is
kept where the tree is true, and ``NOT`` of unknown is unknown.

- Every value is a scalar of its column's comparable type and never null. Strings,
  numbers and dates were converted when the filter was bound, so ``n > 1.5`` on an
  integer column stands here as ``n > 1``.
- ``x = NULL`` and the like are ``Constant(None)``. A comparison that holds for no
  value of the column's type is ``And((IsNull(x), Constant(None)))``: false where
  ``x`` has a value, else unknown; one that holds for all is
  ``Or((Not(IsNull(x)), Constant(None)))``.
- Comparisons follow IEEE 754 for NaN: all are false but ``<>``. So floats may be
  pruned by ``<``, ``<=``, ``>``, ``>=`` and ``=`` that are not under ``Not``, and
  no others.
"""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import pyarrow as pa
from attrs import frozen

Operator: TypeAlias = Literal["=", "<>", "<", "<=", ">", ">="]


@frozen
class Constant:
    """The same for every row: true, false, or ``None`` for unknown.

    .. versionadded:: 0.1
    """

    value: bool | None


@frozen
class IsNull:
    """True where the column is null, else false; never unknown.

    .. versionadded:: 0.1
    """

    column: str


@frozen
class Compare:
    """A column against a value; unknown where the column is null.

    A boolean column that stands alone is ``Compare(column, "=", true)``.

    .. versionadded:: 0.1
    """

    column: str
    operator: Operator
    value: pa.Scalar


@frozen
class CompareColumns:
    """Two columns of one type; unknown where either is null.

    .. versionadded:: 0.1
    """

    left: str
    operator: Operator
    right: str


@frozen
class In:
    """A column equal to one of two or more values; unknown where it is null.

    .. versionadded:: 0.1
    """

    column: str
    values: tuple[pa.Scalar, ...]


@frozen
class Like:
    r"""A string column against a pattern; unknown where the column is null.

    Args:
        column: The column's name.
        pattern: ``%`` is any text and ``_`` any one character, unless after a
            backslash; a backslash for itself is doubled.

    .. versionadded:: 0.1
    """

    column: str
    pattern: str


@frozen
class Not:
    """Swaps true and false, and leaves unknown.

    .. versionadded:: 0.1
    """

    operand: "Node"


@frozen
class And:
    """False where one operand is, else unknown where one is, else true.

    No operand is itself an ``And``.

    .. versionadded:: 0.1
    """

    operands: tuple["Node", ...]


@frozen
class Or:
    """True where one operand is, else unknown where one is, else false.

    No operand is itself an ``Or``.

    .. versionadded:: 0.1
    """

    operands: tuple["Node", ...]


Node: TypeAlias = Constant | IsNull | Compare | CompareColumns | In | Like | Not | And | Or


def conjunction(operands: Iterable[Node]) -> Node:
    """Return the And of operands in its simplest form."""
    return _join(And, operands, neutral=True)


def disjunction(operands: Iterable[Node]) -> Node:
    """Return the Or of operands in its simplest form."""
    return _join(Or, operands, neutral=False)


def negation(operand: Node) -> Node:
    """Return the Not of an operand in its simplest form."""
    if isinstance(operand, Constant):
        return operand if operand.value is None else Constant(not operand.value)
    return operand.operand if isinstance(operand, Not) else Not(operand)


def never(column: str) -> Node:
    """Return what is false where the column has a value, else unknown."""
    return And((IsNull(column), Constant(None)))


def always(column: str) -> Node:
    """Return what is true where the column has a value, else unknown."""
    return Or((Not(IsNull(column)), Constant(None)))


def columns(node: Node) -> frozenset[str]:
    """Return the names of the columns that a tree reads."""
    match node:
        case Constant():
            return frozenset()
        case CompareColumns(left, _, right):
            return frozenset((left, right))
        case Not(operand):
            return columns(operand)
        case And(operands) | Or(operands):
            return frozenset().union(*map(columns, operands))
        case _:
            return frozenset((node.column,))


def _join(kind: type[And] | type[Or], operands: Iterable[Node], *, neutral: bool) -> Node:
    flat: list[Node] = []
    for operand in operands:
        flat.extend(operand.operands if isinstance(operand, kind) else (operand,))
    unknown = Constant(None)
    kept: list[Node] = []
    for operand in flat:
        if operand == Constant(not neutral):
            return operand
        if operand == Constant(neutral) or (operand == unknown and unknown in kept):
            continue
        kept.append(operand)
    if len(kept) < 2:
        return kept[0] if kept else Constant(neutral)
    return kind(tuple(kept))
