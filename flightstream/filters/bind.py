"""Bind a parsed filter to a schema: names become columns, literals scalars."""

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import pyarrow as pa
from attrs import frozen
from pyarrow import types

from flightstream.errors import InvalidCommand
from flightstream.filters.lexer import shorten
from flightstream.filters.literals import (
    Column,
    binary,
    compare,
    describe,
    moment,
    number,
)
from flightstream.filters.syntax import (
    Comparison,
    Condition,
    Junction,
    Match,
    Membership,
    Name,
    Negation,
    NullTest,
    Operand,
    Value,
)
from flightstream.filters.tree import (
    Compare,
    CompareColumns,
    Constant,
    In,
    IsNull,
    Like,
    Node,
    Operator,
    conjunction,
    disjunction,
    negation,
    never,
)
from flightstream.filters.types import comparable_type

# Arrow runs patterns in RE2. Without this limit, one with 1,000 underscores after a
# percent sign takes 5 s for a megabyte of text; with it, under one second.
MAX_WILDCARDS = 64

_FLIPPED: Mapping[Operator, Operator] = {
    "=": "=",
    "<>": "<>",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}
_CONSTANT: Mapping[Operator, Callable[[Any, Any], bool]] = {
    "=": eq,
    "<>": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}


@frozen
class Scope:
    """The columns that a filter may name."""

    schema: pa.Schema
    visible: Collection[str]

    def bind(self, condition: Condition) -> Node:
        """Return the tree of a condition over these columns."""
        match condition:
            case Comparison(left, operator, right):
                return self._compare(left, operator, right)
            case Membership(operand, items):
                return self._membership(operand, items)
            case NullTest(Name(name)):
                self._find(name)
                return IsNull(name)
            case NullTest(operand):
                return Constant(operand == Value("null", "NULL"))
            case Match(operand, pattern, escape):
                return self._like(operand, pattern, escape)
            case Negation(operand):
                return negation(self.bind(operand))
            case Junction(word, operands):
                join = conjunction if word == "AND" else disjunction
                return join(map(self.bind, operands))
            case _:
                return self._truth(condition)

    def _truth(self, operand: Operand) -> Node:
        if isinstance(operand, Name):
            column = self._column(operand.text)
            if types.is_null(column.type):
                return Constant(None)
            if not types.is_boolean(column.type):
                raise InvalidCommand(
                    f"column {shorten(column.name)!r} is {shorten(str(column.written_type))}, "
                    "no condition: compare it with something"
                )
            return Compare(column.name, "=", pa.scalar(True))
        if operand.kind == "null":
            return Constant(None)
        if operand.kind == "boolean":
            return Constant(operand.text == "TRUE")
        raise InvalidCommand(
            f"the literal {describe(operand)} is no condition: compare a column with it"
        )

    def _compare(self, left: Operand, operator: Operator, right: Operand) -> Node:
        match left, right:
            case Name(name), Value():
                return compare(self._column(name), operator, right)
            case Value(), Name(name):
                return compare(self._column(name), _FLIPPED[operator], left)
            case Name(name), Name(other):
                return self._compare_columns(self._column(name), operator, self._column(other))
            case Value(), Value():
                return _compare_values(left, operator, right)
        raise AssertionError

    def _compare_columns(self, left: Column, operator: Operator, right: Column) -> Node:
        if types.is_null(left.type) or types.is_null(right.type):
            return Constant(None)
        if left.type != right.type:
            raise InvalidCommand(
                f"columns {shorten(left.name)!r} and {shorten(right.name)!r} cannot be "
                f"compared: one is {shorten(str(left.written_type))}, the other "
                f"{shorten(str(right.written_type))}"
            )
        return CompareColumns(left.name, operator, right.name)

    def _membership(self, operand: Operand, items: tuple[Operand, ...]) -> Node:
        equals = [self._compare(operand, "=", item) for item in items]
        if isinstance(operand, Value):
            return disjunction(equals)
        values = dict.fromkeys(node.value for node in equals if isinstance(node, Compare))
        # Beside a value, never() adds nothing: that one is unknown for null too.
        redundant = never(operand.text) if values else None
        others = dict.fromkeys(
            node for node in equals if not isinstance(node, Compare) and node != redundant
        )
        return disjunction((*_equal_to_one(operand.text, tuple(values)), *others))

    def _like(self, operand: Operand, pattern: Value, escape: Value | None) -> Node:
        if isinstance(operand, Value):
            raise InvalidCommand(f"LIKE needs a column on its left, not {describe(operand)}")
        column = self._column(operand.text)
        if types.is_null(column.type):
            return Constant(None)
        if not (types.is_string(column.type) or types.is_large_string(column.type)):
            raise InvalidCommand(
                f"column {shorten(column.name)!r} is {shorten(str(column.written_type))}: "
                "LIKE needs a string column"
            )
        if pattern.kind == "null" or (escape and escape.kind == "null"):
            return Constant(None)
        return Like(column.name, _arrow_pattern(pattern.text, escape.text if escape else None))

    def _column(self, name: str) -> Column:
        """Return a column whose values can be compared."""
        stored = self._find(name).type
        compared = comparable_type(stored)
        if compared is None:
            raise InvalidCommand(
                f"column {shorten(name)!r} is {shorten(str(stored))}: a filter can only ask "
                "whether it IS NULL"
            )
        return Column(name, compared, stored)

    def _find(self, name: str) -> pa.Field:
        found = self.schema.get_all_field_indices(name) if name in self.visible else []
        if len(found) > 1:
            raise InvalidCommand(f"there are {len(found)} columns with the name {shorten(name)!r}")
        if not found:
            raise InvalidCommand(f"unknown column {shorten(name)!r}: {self._suggest(name)}")
        return self.schema.field(found[0])

    def _suggest(self, name: str) -> str:
        # difflib takes time by the square of the length, so it sees neither all nor whole.
        names = [known[:60] for known in self.schema.names if known in self.visible]
        folded = name.casefold()
        near = [known for known in names if known.casefold() == folded][:3]
        near = near or get_close_matches(name[:60], names[:500])
        if near:
            return f"did you mean {' or '.join(map(repr, near))}?"
        if not names:
            return "there are no columns"
        shown = ", ".join(map(repr, names[:8]))
        return f"there are {shown}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _equal_to_one(column: str, values: tuple[pa.Scalar, ...]) -> tuple[Node, ...]:
    if len(values) > 1:
        return (In(column, values),)
    return tuple(Compare(column, "=", value) for value in values)


def _compare_values(left: Value, operator: Operator, right: Value) -> Node:
    if "null" in (left.kind, right.kind):
        return Constant(None)
    first, second = _key(left), _key(right)
    if first[0] != second[0]:
        raise InvalidCommand(f"{describe(left)} cannot be compared with {describe(right)}")
    return Constant(_CONSTANT[operator](first[1], second[1]))


def _key(value: Value) -> tuple[str, Any]:
    """Return a literal's kind and what it is compared by."""
    match value.kind:
        case "number":
            return "number", number(value)
        case "binary":
            return "binary", binary(value)
        case "date" | "timestamp":
            parsed = moment(value)
            offset = parsed.offset_seconds
            return ("local" if offset is None else "instant", parsed.seconds - (offset or 0))
        case "boolean":
            return "boolean", value.text == "TRUE"
        case _:
            return value.kind, value.text


def _arrow_pattern(pattern: str, escape: str | None) -> str:
    """Return a LIKE pattern with a backslash as its escape, as Arrow wants it."""
    if escape is not None and len(escape) != 1:
        raise InvalidCommand("ESCAPE takes a string of one character")
    arrow: list[str] = []
    wildcards = 0
    signs = iter(pattern)
    for sign in signs:
        if sign == escape:
            sign = next(signs, "")
            if sign not in ("%", "_", escape):
                raise InvalidCommand(
                    f"in the LIKE pattern {shorten(pattern, 30)!r}, {escape!r} must stand "
                    f"before %, _ or {escape!r}"
                )
            arrow.append(f"\\{sign}" if sign in "%_\\" else sign)
            continue
        wildcards += sign in "%_"
        arrow.append("\\\\" if sign == "\\" else sign)
    if wildcards > MAX_WILDCARDS:
        raise InvalidCommand(
            f"the LIKE pattern has {wildcards:,} wildcards, more than {MAX_WILDCARDS}"
        )
    return "".join(arrow)
