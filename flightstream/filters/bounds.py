"""What a filter can be true of, told from the least and the greatest value of blocks of rows."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from attrs import evolve, frozen
from pyarrow import types

from flightstream.filters.tree import (
    And,
    Compare,
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

_Mask: TypeAlias = pa.BooleanArray


@frozen(eq=False)
class Bounds:
    """What is known of one column in each of several blocks of rows.

    A block is whatever can be left out as a whole: a file, a row group.

    Args:
        low: No value of the block is less; null where that is not known.
        high: No value of the block is greater; null where that is not known.
        may_have_nulls: False where no value of the block is null.
        may_have_values: False where every value of the block is null.

    .. versionadded:: 0.1
    """

    low: pa.Array
    high: pa.Array
    may_have_nulls: pa.BooleanArray
    may_have_values: pa.BooleanArray

    @classmethod
    def of_values(cls, values: pa.Array) -> "Bounds":
        """Return the bounds of blocks whose rows all have one value each."""
        return cls(values, values, values.is_null(), values.is_valid())

    def cast(self, type_: pa.DataType) -> "Bounds":
        """Return them in another type, that of a flight whose other files have a wider one.

        Raises:
            pyarrow.ArrowException: A bound does not fit it.
        """
        return evolve(self, low=self.low.cast(type_), high=self.high.cast(type_))

    def comparable(self) -> "Bounds":
        """Return them in the type that values are compared in."""
        wanted = comparable_type(self.low.type)
        return self if wanted in (None, self.low.type) else self.cast(wanted)


@frozen(eq=False)
class _Possible:
    """Which truths a condition may have for some row of each block."""

    true: _Mask
    false: _Mask
    unknown: _Mask


def may_match(tree: Node, bounds: Mapping[str, Bounds], blocks: int) -> _Mask:
    """Return of each block whether the filter may keep a row of it; never null.

    A column without bounds may have any value. Floats may hold NaN, which bounds
    leave out: so a condition on them may always be false, and ``<>`` always true.
    """
    everything = pa.repeat(pa.scalar(True), blocks)
    known = {name: one.comparable() for name, one in bounds.items()}
    return _Tree(known, everything, pc.invert(everything)).possible(tree).true


@frozen(eq=False)
class _Tree:
    bounds: Mapping[str, Bounds]
    everything: _Mask
    nothing: _Mask

    def possible(self, node: Node) -> _Possible:
        match node:
            case Constant(value):
                of = {True: self.nothing, False: self.nothing, None: self.nothing}
                of[value] = self.everything
                return _Possible(of[True], of[False], of[None])
            case Not(operand):
                inner = self.possible(operand)
                return _Possible(inner.false, inner.true, inner.unknown)
            case And(operands):
                return _join(pc.and_, pc.or_, [self.possible(one) for one in operands])
            case Or(operands):
                return _join(pc.or_, pc.and_, [self.possible(one) for one in operands])
            case IsNull(name) if name in self.bounds:
                column = self.bounds[name]
                return _Possible(column.may_have_nulls, column.may_have_values, self.nothing)
            case Compare(name, operator, value) if name in self.bounds:
                return self._compared(self.bounds[name], operator, value)
            case In(name, values) if name in self.bounds:
                column = self.bounds[name]
                equals = [self._compared(column, "=", value) for value in values]
                return _join(pc.or_, pc.and_, equals)
            case Like(name, pattern) if name in self.bounds:
                return self._alike(self.bounds[name], pattern)
        return _Possible(self.everything, self.everything, self.everything)

    def _compared(self, column: Bounds, operator: Operator, value: pa.Scalar) -> _Possible:
        true, false = _COMPARED[operator](column.low, column.high, value)
        if types.is_floating(column.low.type):
            false = self.everything
            true = self.everything if operator == "<>" else true
        return self._with_nulls(column, true, false)

    def _alike(self, column: Bounds, pattern: str) -> _Possible:
        prefix = _prefix(pattern)
        true = pc.greater_equal(column.high, pa.scalar(prefix, column.high.type))
        if end := _end_of(prefix):
            true = pc.and_(true, pc.less(column.low, pa.scalar(end, column.low.type)))
        return self._with_nulls(column, true, self.everything)

    def _with_nulls(self, column: Bounds, true: _Mask, false: _Mask) -> _Possible:
        return _Possible(
            pc.and_(true.fill_null(True), column.may_have_values),
            pc.and_(false.fill_null(True), column.may_have_values),
            column.may_have_nulls,
        )


def _join(
    of_true: Callable[..., _Mask], of_false: Callable[..., _Mask], operands: list[_Possible]
) -> _Possible:
    return _Possible(
        reduce(of_true, [one.true for one in operands]),
        reduce(of_false, [one.false for one in operands]),
        reduce(pc.or_, [one.unknown for one in operands]),
    )


def _less(low: pa.Array, high: pa.Array, value: Any) -> tuple[_Mask, _Mask]:
    return pc.less(low, value), pc.greater_equal(high, value)


def _less_equal(low: pa.Array, high: pa.Array, value: Any) -> tuple[_Mask, _Mask]:
    return pc.less_equal(low, value), pc.greater(high, value)


def _equal(low: pa.Array, high: pa.Array, value: Any) -> tuple[_Mask, _Mask]:
    inside = pc.and_kleene(pc.less_equal(low, value), pc.greater_equal(high, value))
    alone = pc.and_kleene(pc.equal(low, value), pc.equal(high, value))
    return inside, pc.invert(alone)


_COMPARED: dict[Operator, Callable[[pa.Array, pa.Array, Any], tuple[_Mask, _Mask]]] = {
    "<": _less,
    "<=": _less_equal,
    ">": lambda *given: _less_equal(*given)[::-1],
    ">=": lambda *given: _less(*given)[::-1],
    "=": _equal,
    "<>": lambda *given: _equal(*given)[::-1],
}


def _prefix(pattern: str) -> str:
    """Return the text that whatever is like a pattern begins with."""
    prefix = ""
    signs = iter(pattern)
    for sign in signs:
        if sign in "%_":
            break
        prefix += next(signs, "") if sign == "\\" else sign
    return prefix


def _end_of(prefix: str) -> str:
    """Return the least text that is greater than all that begin with a prefix, if there is one."""
    for length in range(len(prefix), 0, -1):
        code = ord(prefix[length - 1]) + 1
        if code <= 0x10FFFF:
            # Half surrogate pairs are no text.
            return prefix[: length - 1] + chr(0xE000 if 0xD800 <= code <= 0xDFFF else code)
    return ""
