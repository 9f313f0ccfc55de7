"""Write a bound filter as SQL, so that binding it again gives the same tree."""

import re

import pyarrow as pa
from pyarrow import types

from flightstream.filters.lexer import WORDS
from flightstream.filters.moments import format_clock, format_timestamp
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
    Or,
)

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONSTANTS = {True: "TRUE", False: "FALSE", None: "NULL"}


def to_sql(node: Node) -> str:
    """Return the SQL of a tree."""
    match node:
        case Constant(value):
            return _CONSTANTS[value]
        case Not(operand):
            return _negated(operand)
        case And(operands):
            return " AND ".join(_inner(operand) for operand in operands)
        case Or(operands):
            return " OR ".join(_inner(operand) for operand in operands)
        case CompareColumns(left, operator, right):
            return f"{quote_name(left)} {operator} {quote_name(right)}"
        case Compare(column, operator, value):
            return f"{quote_name(column)} {operator} {to_literal(value)}"
        case _:
            return _predicate(node)


def quote_name(name: str) -> str:
    """Return a column's name, in double quotes where it needs them."""
    if _BARE.fullmatch(name) and name.upper() not in WORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("'", "''") + "'"


def to_literal(value: pa.Scalar) -> str:
    """Return the literal for a scalar of a comparable type."""
    type_ = value.type
    if types.is_boolean(type_):
        return _CONSTANTS[value.as_py()]
    if types.is_decimal(type_):
        return format(value.as_py(), "f")
    if types.is_date32(type_):
        return f"DATE '{value.as_py().isoformat()}'"
    if types.is_date64(type_):
        return f"DATE '{format_timestamp(value.value, 'ms', zoned=False)[:10]}'"
    if types.is_timestamp(type_):
        text = format_timestamp(value.value, type_.unit, zoned=type_.tz is not None)
        return f"TIMESTAMP '{text}'"
    if types.is_time(type_):
        return f"'{format_clock(value.value, type_.unit)}'"
    if types.is_binary(type_) or types.is_large_binary(type_):
        return f"x'{value.as_py().hex()}'"
    if types.is_integer(type_):
        return str(value.as_py())
    if types.is_floating(type_):
        # Minus infinity stands for what is below every float; it is never equal to one.
        return repr(value.as_py()).replace("inf", "1e999")
    return quote_text(value.as_py())


def _predicate(node: IsNull | In | Like, negation: str = "") -> str:
    column = quote_name(node.column)
    match node:
        case IsNull():
            return f"{column} IS {negation}NULL"
        case In(_, values):
            return f"{column} {negation}IN ({', '.join(map(to_literal, values))})"
        case Like(_, pattern):
            escape = r" ESCAPE '\'" if "\\" in pattern else ""
            return f"{column} {negation}LIKE {quote_text(pattern)}{escape}"


def _negated(operand: Node) -> str:
    if isinstance(operand, IsNull | In | Like):
        return _predicate(operand, "NOT ")
    return f"NOT {_inner(operand)}"


def _inner(node: Node) -> str:
    return f"({to_sql(node)})" if isinstance(node, And | Or) else to_sql(node)
