"""Expressions of Arrow as the SQL that servers take, where they mean the same."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen
from pyarrow import types

from flightstream.client.terms import Call, Field, Term, parsed
from flightstream.errors import InvalidCommand, Unsupported
from flightstream.filters import Filter
from flightstream.filters.parse import parse
from flightstream.filters.text import quote_name, quote_text, to_literal

_COMPARISONS = {
    "equal": "=",
    "not_equal": "<>",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_JUNCTIONS = {"and_kleene": "AND", "or_kleene": "OR"}


@frozen
class Translated:
    """What is known of an expression.

    Args:
        sql: What a server may filter by: the rows that the expression keeps are
            among those that this keeps. ``None`` if nothing can be said.
        is_whole: Whether they are the same.
        columns: Those that the expression reads; ``None`` if that is not known.
    """

    sql: str | None
    is_whole: bool
    columns: frozenset[str] | None


def translate(expression: pc.Expression, schema: pa.Schema | None = None) -> Translated:
    """Return what a server can do of an expression.

    Args:
        expression: A condition.
        schema: Of the flight, if it is known: what a server could not apply to its
            columns is left out then.
    """
    known = parsed(expression)
    if known is None:
        return Translated(None, is_whole=False, columns=None)
    term, columns = known
    operands = [_sql_or_none(operand, schema) for operand in _operands(term)]
    said = [sql for sql in operands if sql is not None]
    sql = " AND ".join(said)
    is_short = bool(said) and _fits(sql, None)
    return Translated(
        sql=sql if is_short else None,
        is_whole=is_short and len(said) == len(operands),
        columns=columns,
    )


class _Foreign(Exception):
    """Something that SQL, as servers take it, does not say, or says otherwise."""


def _fits(sql: str, schema: pa.Schema | None) -> bool:
    try:
        if schema is None:
            parse(sql)
        else:
            Filter.bind(sql, schema)
    except (InvalidCommand, Unsupported):  # beyond the limits of a filter, or of Arrow
        return False
    return True


def _operands(term: Term) -> Iterator[Term]:
    if isinstance(term, Call) and term.function == "and_kleene":
        for argument in term.arguments:
            yield from _operands(argument)
    else:
        yield term


def _sql_or_none(term: Term, schema: pa.Schema | None) -> str | None:
    try:
        sql = _sql(term)
    except _Foreign:
        return None
    return sql if schema is None or _fits(sql, schema) else None


def _sql(term: Term) -> str:
    match term:
        case Field(name):
            return quote_name(name)
        case Call("invert", (operand,)):
            return f"NOT ({_sql(operand)})"
        case Call("is_valid", (Field(name),)):
            return f"{quote_name(name)} IS NOT NULL"
        case Call("is_null", (Field(name),), options) if not options["nan_is_null"].as_py():
            return f"{quote_name(name)} IS NULL"
        case Call("is_in", (Field(name),), options):
            column = quote_name(name)
            # Arrow says false where SQL says unknown, which NOT would turn into true.
            return f"({column} IS NOT NULL AND {_membership(column, options)})"
        case Call("if_else", (Call("is_valid", (Field(name),)), inner, pa.Scalar(is_valid=False))):
            return _unknown_where_null(name, inner)
        case Call(function, (left, right)) if function in _JUNCTIONS:
            return f"({_sql(left)} {_JUNCTIONS[function]} {_sql(right)})"
        case Call(function, (left, right)) if function in _COMPARISONS:
            return _comparison(_COMPARISONS[function], left, right)
        case pa.BooleanScalar():
            return to_literal(term)
    raise _Foreign


def _comparison(operator: str, left: Term, right: Term) -> str:
    match left, right:
        case Field(), Field():
            return f"{_sql(left)} {operator} {_sql(right)}"
        case Field(), pa.Scalar():
            return f"{_sql(left)} {operator} {_literal(right)}"
        case pa.Scalar(), Field():
            return f"{_sql(right)} {_MIRRORED.get(operator, operator)} {_literal(left)}"
    raise _Foreign


def _membership(column: str, options: dict[str, Any]) -> str:
    values, nulls = options["value_set"].values, options["null_matching_behavior"].as_py()
    if nulls or values.null_count or not len(values):
        raise _Foreign
    return f"{column} IN ({', '.join(map(_literal, values))})"


def _unknown_where_null(name: str, term: Term) -> str:
    """Return the SQL of a condition on a column that is null wherever the column is."""
    match term:
        case Call("is_in", (Field(found),), options) if found == name:
            return _membership(quote_name(name), options)
        case Call(function, (left, right)) if function in _JUNCTIONS:
            sides = (_unknown_where_null(name, side) for side in (left, right))
            return f"({f' {_JUNCTIONS[function]} '.join(sides)})"
        case Call(function, (Field(found), pa.Scalar())) if found == name:
            return _sql(term)
    raise _Foreign


def _literal(value: pa.Scalar) -> str:
    type_ = value.type
    if not value.is_valid:
        raise _Foreign
    if types.is_floating(type_) and value.as_py() - value.as_py() != 0:  # infinite, or NaN
        raise _Foreign
    if types.is_string(type_) or types.is_large_string(type_):
        return quote_text(value.as_py())
    if _is_plain(type_):
        return to_literal(value)
    raise _Foreign


def _is_plain(type_: pa.DataType) -> bool:
    return bool(
        types.is_boolean(type_)
        or types.is_integer(type_)
        or types.is_floating(type_)
        or types.is_decimal(type_)
        or types.is_date(type_)
        or types.is_timestamp(type_)
        or types.is_time(type_)
        or types.is_binary(type_)
        or types.is_large_binary(type_)
    )
