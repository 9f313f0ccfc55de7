"""Compile a bound filter for Arrow: one compiler for arrays and for expressions.

The compute functions take arrays and expressions alike, so whether a filter runs
on columns or inside a dataset scan is only a matter of what ``lookup`` returns.
Every scalar already has the type that ``lookup`` casts its column to: implicit
casts are where the two ways would differ.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from flightstream.filters.tree import (
    And,
    Compare,
    CompareColumns,
    Constant,
    In,
    IsNull,
    Like,
    Node,
    Not,
    Operator,
    Or,
)
from flightstream.filters.types import comparable_type

_COMPARE: dict[Operator, Callable[[Any, Any], Any]] = {
    "=": pc.equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_UNKNOWN = pa.nulls(1, pa.bool_())[0]  # pa.scalar(None) would import pandas


def to_expression(node: Node, schema: pa.Schema) -> pc.Expression:
    """Return the tree as an expression over the columns of a schema."""
    if isinstance(node, Constant):
        return _constant(node.value)

    def lookup(name: str) -> pc.Expression:
        stored = schema.field(name).type
        compared = comparable_type(stored) or stored
        column = pc.field(name)
        return column if compared == stored else column.cast(compared)

    return _compile(node, lookup, _constant)


def to_mask(node: Node, batch: pa.RecordBatch) -> pa.BooleanArray:
    """Return what the tree is for each row of a batch, null for unknown."""
    if isinstance(node, Constant):
        return pa.repeat(pa.scalar(node.value, pa.bool_()), batch.num_rows)
    columns: dict[str, pa.Array] = {}

    def lookup(name: str) -> pa.Array:
        if name not in columns:
            stored = batch.column(name)
            compared = comparable_type(stored.type) or stored.type
            columns[name] = stored if compared == stored.type else stored.cast(compared)
        return columns[name]

    return _compile(node, lookup, lambda value: pa.scalar(value, pa.bool_()))


def _constant(value: bool | None) -> pc.Expression:
    return pc.scalar(pa.scalar(value, pa.bool_()))


def _compile(
    node: Node, lookup: Callable[[str], Any], constant: Callable[[bool | None], Any]
) -> Any:
    match node:
        case Constant(value):
            return constant(value)
        case IsNull(name):
            return pc.is_null(lookup(name))
        case Compare(name, operator, value):
            return _COMPARE[operator](lookup(name), value)
        case CompareColumns(left, operator, right):
            return _COMPARE[operator](lookup(left), lookup(right))
        case In(name, values):
            column = lookup(name)
            found = pc.is_in(column, value_set=_value_set(values))
            # is_in says false for null, which NOT would turn into true.
            return pc.if_else(pc.is_valid(column), found, _UNKNOWN)
        case Like(name, pattern):
            return pc.match_like(lookup(name), pattern)
        case Not(operand):
            return pc.invert(_compile(operand, lookup, constant))
        case And(operands):
            return _join(
                pc.and_kleene, [_compile(operand, lookup, constant) for operand in operands]
            )
        case Or(operands):
            return _join(
                pc.or_kleene, [_compile(operand, lookup, constant) for operand in operands]
            )


def _value_set(values: tuple[pa.Scalar, ...]) -> pa.Array:
    type_ = values[0].type
    if types.is_floating(type_):
        # To is_in, unlike to equal, zero and minus zero are two values.
        zeros = (pa.scalar(-0.0, type_) for value in values if value.as_py() == 0)
        values = (*values, *zeros)
    return pa.array(values, type_)


def _join(function: Callable[[Any, Any], Any], operands: Sequence[Any]) -> Any:
    """Join in halves: Arrow recurses into expressions, and long chains overflow its stack."""
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    return function(_join(function, operands[:middle]), _join(function, operands[middle:]))
