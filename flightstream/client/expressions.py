"""Expressions of Arrow as the SQL that servers take, where they mean the same.

Arrow shows what is in an expression only when it is serialized: then it is a
record batch whose columns are its values, and whose metadata walks the tree,
``call greater``, ``field_ref fare``, ``literal 0``, ``end greater``. Metadata may
repeat a key, which pyarrow does not show, but the C data interface does.
"""

import ctypes
from collections.abc import Iterator
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen
from pyarrow import types

from flightstream.errors import InvalidCommand
from flightstream.filters.parse import parse
from flightstream.filters.text import quote_name, quote_text, to_literal

Token: TypeAlias = tuple[str, str]


@frozen
class _Field:
    name: str


@frozen
class _Call:
    function: str
    arguments: tuple["_Term", ...]
    options: dict[str, Any]


_Term: TypeAlias = _Field | _Call | pa.Scalar

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


def translate(expression: pc.Expression) -> Translated:
    """Return what a server can do of an expression."""
    try:
        walk = _Walk(expression)
        term = walk.term()
    except (_Foreign, pa.ArrowException, ValueError, IndexError):
        return Translated(None, is_whole=False, columns=None)
    operands = [_sql_or_none(operand) for operand in _operands(term)]
    known = [sql for sql in operands if sql is not None]
    sql = " AND ".join(known)
    is_short = bool(known) and _is_short(sql)
    return Translated(
        sql=sql if is_short else None,
        is_whole=is_short and len(known) == len(operands),
        columns=frozenset(text for kind, text in walk.tokens if kind == "field_ref"),
    )


class _Foreign(Exception):
    """Something that SQL, as servers take it, does not say, or says otherwise."""


def _is_short(sql: str) -> bool:
    try:
        parse(sql)
    except InvalidCommand:  # beyond the limits of a filter
        return False
    return True


def _operands(term: _Term) -> Iterator[_Term]:
    if isinstance(term, _Call) and term.function == "and_kleene":
        for argument in term.arguments:
            yield from _operands(argument)
    else:
        yield term


def _sql_or_none(term: _Term) -> str | None:
    try:
        return _sql(term)
    except _Foreign:
        return None


def _sql(term: _Term) -> str:
    match term:
        case _Field(name):
            return quote_name(name)
        case _Call("invert", (operand,)):
            return f"NOT ({_sql(operand)})"
        case _Call("is_valid", (_Field(name),)):
            return f"{quote_name(name)} IS NOT NULL"
        case _Call("is_null", (_Field(name),), options) if not options["nan_is_null"].as_py():
            return f"{quote_name(name)} IS NULL"
        case _Call("is_in", (_Field(name),), options):
            return _membership(quote_name(name), options)
        case _Call(function, (left, right)) if function in _JUNCTIONS:
            return f"({_sql(left)} {_JUNCTIONS[function]} {_sql(right)})"
        case _Call(function, (left, right)) if function in _COMPARISONS:
            return _comparison(_COMPARISONS[function], left, right)
        case pa.BooleanScalar():
            return to_literal(term)
    raise _Foreign


def _comparison(operator: str, left: _Term, right: _Term) -> str:
    match left, right:
        case _Field(), _Field():
            return f"{_sql(left)} {operator} {_sql(right)}"
        case _Field(), pa.Scalar():
            return f"{_sql(left)} {operator} {_literal(right)}"
        case pa.Scalar(), _Field():
            return f"{_sql(right)} {_MIRRORED.get(operator, operator)} {_literal(left)}"
    raise _Foreign


def _membership(column: str, options: dict[str, Any]) -> str:
    # Arrow says false where SQL says unknown, which NOT would turn into true.
    values, nulls = options["value_set"].values, options["null_matching_behavior"].as_py()
    if nulls or values.null_count or not len(values):
        raise _Foreign
    return f"({column} IS NOT NULL AND {column} IN ({', '.join(map(_literal, values))}))"


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


class _Walk:
    """The way through a serialized expression."""

    def __init__(self, expression: pc.Expression) -> None:
        _deserialize, (buffer,) = expression.__reduce__()
        self.values = pa.ipc.open_file(buffer).get_batch(0)
        self.tokens = _metadata(self.values.schema)
        self._next = 0

    def term(self) -> _Term:
        """Return what begins here, and go on behind it."""
        kind, text = self._step()
        match kind:
            case "field_ref":
                return _Field(text)
            case "literal":
                return self.values.column(int(text))[0]
            case "call":
                return self._call(text)
        raise _Foreign

    def _call(self, function: str) -> _Call:
        arguments: list[_Term] = []
        options: dict[str, Any] = {}
        while (token := self.tokens[self._next]) != ("end", function):
            if token[0] == "options":
                struct = self.values.column(int(token[1]))[0]
                options = {key: struct[key] for key in struct}
                self._next += 1
            else:
                arguments.append(self.term())
        self._next += 1
        return _Call(function, tuple(arguments), options)

    def _step(self) -> Token:
        self._next += 1
        return self.tokens[self._next - 1]


class _CSchema(ctypes.Structure):
    # The beginning of ArrowSchema, see "The Arrow C data interface".
    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_void_p),
    )


def _metadata(schema: pa.Schema) -> list[Token]:
    """Return all pairs of a schema's metadata: their number, then each text after its length."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    capsule = schema.__arrow_c_schema__()
    address = _CSchema.from_address(pointer(capsule, b"arrow_schema")).metadata

    def number() -> int:
        nonlocal address
        address += 4
        return ctypes.c_int32.from_address(address - 4).value

    def text() -> str:
        nonlocal address
        length = number()
        address += length
        return ctypes.string_at(address - length, length).decode()

    return [(text(), text()) for _ in range(number())]
