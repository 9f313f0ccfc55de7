"""A filter with claims of an identity in it."""

import math
from collections.abc import Mapping
from typing import Any, Self

from attrs import evolve, field, frozen

from flightstream.errors import FlightStreamError, PermissionDenied
from flightstream.filters.lexer import shorten
from flightstream.filters.parse import parse
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
    operands,
)
from flightstream.filters.text import quote_name, quote_text

_NULL = Value("null", "NULL")


@frozen
class RowRule:
    """A filter in which claims of an identity may stand for values.

    ``region = claims.region`` is for each identity a filter of its own. A claim
    is a value and never text of the filter, whatever is in it. One that is a list
    stands after ``IN``, and after ``=``, which then is ``IN``: an empty one makes
    the comparison unknown, so neither it nor its opposite keeps a row. A claim
    whose name is no word stands in quotes: ``claims."https://acme.com/region"``.

    Make one with :meth:`parse`.

    .. versionadded:: 0.1
    """

    text: str
    _condition: Condition = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rule, as :meth:`Filter.bind` reads a filter.

        Raises:
            InvalidCommand: It is no filter, or has a claim for a pattern of LIKE.
        """
        condition = parse(text, claims=True)
        parse(_write(condition), claims=True)  # written out, it may be nested too deep
        return cls(text, condition)

    @property
    def claims(self) -> frozenset[str]:
        """The names of the claims that it needs."""
        found = operands(self._condition)
        return frozenset(one.text for one in found if _is_claim(one))

    def fill(self, claims: Mapping[str, Any]) -> str:
        """Return the filter for an identity's claims, as a grant's ``rows`` takes it.

        Raises:
            PermissionDenied: A claim is missing, or is no text, number, truth
                value or list of these; or the filter would be too large.
        """
        if not self.claims:
            return self.text
        filled = _Claims(claims).fill(self._condition)
        sql = _write(filled)
        try:
            is_same = parse(sql) == filled
        except FlightStreamError:
            is_same = False
        if not is_same:
            raise PermissionDenied("a filter with these claims is too large")
        return sql


@frozen
class _Claims:
    claims: Mapping[str, Any]

    def fill(self, condition: Condition) -> Condition:
        """Return a condition with values in place of claims."""
        match condition:
            case Comparison(left, "=", right):
                return self._equal(left, right)
            case Comparison(left, operator, right):
                return Comparison(self._one(left), operator, self._one(right))
            case Membership(operand, items):
                filled = tuple(value for item in items for value in self._all(item))
                return Membership(self._one(operand), filled or (_NULL,))
            case Negation(operand):
                return Negation(self.fill(operand))
            case Junction(word, inner):
                return Junction(word, tuple(map(self.fill, inner)))
            case NullTest(operand) | Match(operand):
                return evolve(condition, operand=self._one(operand))
            case _:
                return self._one(condition)

    def _equal(self, left: Operand, right: Operand) -> Condition:
        for one, other in (left, right), (right, left):
            if self._is_list(other):
                return Membership(self._one(one), self._all(other) or (_NULL,))
        return Comparison(self._one(left), "=", self._one(right))

    def _is_list(self, operand: Operand) -> bool:
        return _is_claim(operand) and isinstance(self.claims.get(operand.text), list | tuple)

    def _all(self, operand: Operand) -> tuple[Operand, ...]:
        if not self._is_list(operand):
            return (self._one(operand),)
        literals = {_literal(operand.text, one) for one in self.claims[operand.text]}
        # In what order they were issued is no reason for a ticket to become stale.
        return tuple(sorted(literals, key=lambda one: (one.kind, one.text)))

    def _one(self, operand: Operand) -> Operand:
        if not _is_claim(operand):
            return operand
        return _literal(operand.text, self.claims.get(operand.text))


def _is_claim(operand: Operand) -> bool:
    return isinstance(operand, Value) and operand.kind == "claim"


def _literal(name: str, claim: Any) -> Value:
    match claim:
        case bool():
            return Value("boolean", str(claim).upper())
        case str():
            return Value("string", claim)
        case int() if claim.bit_length() <= 256:
            return Value("number", str(claim))
        case float() if math.isfinite(claim):
            return Value("number", repr(claim))
    missing = "is missing" if claim is None else "cannot be compared"
    raise PermissionDenied(f"the claim {shorten(name)!r} {missing}")


def _write(condition: Condition) -> str:
    """Return the text of a condition; parsing that gives the same."""
    match condition:
        case Name(name):
            return quote_name(name)
        case Value():
            return _write_value(condition)
        case Comparison(left, operator, right):
            return f"{_write(left)} {operator} {_write(right)}"
        case Membership(operand, items):
            return f"{_write(operand)} IN ({', '.join(map(_write, items))})"
        case NullTest(operand):
            return f"{_write(operand)} IS NULL"
        case Match(operand, pattern, escape):
            ending = "" if escape is None else f" ESCAPE {_write(escape)}"
            return f"{_write(operand)} LIKE {_write(pattern)}{ending}"
        case Negation(operand):
            return f"NOT {_inner(operand)}"
        case Junction(word, inner):
            return f" {word} ".join(map(_inner, inner))


def _inner(condition: Condition) -> str:
    text = _write(condition)
    return f"({text})" if isinstance(condition, Junction) else text


def _write_value(value: Value) -> str:
    match value.kind:
        case "string":
            return quote_text(value.text)
        case "binary":
            return f"x'{value.text}'"
        case "date" | "timestamp":
            return f"{value.kind.upper()} {quote_text(value.text)}"
        case "claim":
            return 'claims."' + value.text.replace('"', '""') + '"'
        case _:
            return value.text
