"""Parse the text of a filter.

The language is the part of SQL that everyone agrees on. Names are case-sensitive,
bare or in double quotes; a bare word that is no keyword here is a column, whatever
it means elsewhere in SQL. Strings are in single quotes, doubled inside; a backslash
is nothing special. Binary values are ``x'ff00'``.

The grammar is nine rules, parsed here and not by sqlglot: that one raises
``RecursionError`` at 32 times ``NOT (``, sooner on a deep stack, and understands
far more than a filter may say, all of which had to be found and refused again.
"""

from typing import NoReturn, cast, get_args

from attrs import define, field

from flightstream.errors import InvalidCommand
from flightstream.filters.lexer import GRAMMAR, Token, tokenize
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
    ValueKind,
)
from flightstream.filters.tree import Operator

MAX_DEPTH = 64
_COMPARISONS: tuple[Operator, ...] = get_args(Operator)
_TYPED = ("DATE", "TIMESTAMP")
_ELSEWHERE = ("CASE", "CAST", "SELECT", "WITH", "EXISTS", "ILIKE", "INTERVAL", "WHERE")


def parse(sql: str, *, claims: bool = False) -> Condition:
    """Return what a filter says.

    Args:
        sql: The text.
        claims: Whether ``claims.NAME`` may stand for a value.

    Raises:
        InvalidCommand: It is not a filter; the message says where.
    """
    parser = _Parser(tokenize(sql, claims=claims))
    if parser.next.kind == "end":
        raise InvalidCommand("the filter is empty")
    condition = parser.disjunction()
    if parser.next.kind != "end":
        parser.fail()
    return condition


@define(eq=False)
class _Parser:
    """Recursive descent, one method for each rule, no deeper than ``MAX_DEPTH``."""

    _tokens: list[Token]
    _index: int = 0
    _depth: int = field(default=0, init=False)

    @property
    def next(self) -> Token:
        return self._tokens[self._index]

    def disjunction(self) -> Condition:
        operands = [self._conjunction()]
        while self._take("OR"):
            operands.append(self._conjunction())
        return operands[0] if len(operands) == 1 else Junction("OR", tuple(operands))

    def _conjunction(self) -> Condition:
        operands = [self._negation()]
        while self._take("AND"):
            operands.append(self._negation())
        return operands[0] if len(operands) == 1 else Junction("AND", tuple(operands))

    def _negation(self) -> Condition:
        if not self._take("NOT"):
            return self._predicate()
        self._enter()
        operand = self._negation()
        self._depth -= 1
        return Negation(operand)

    def _predicate(self) -> Condition:
        start = self.next
        left = self._primary()
        if self._at(*_COMPARISONS):
            operator = cast(Operator, self._advance().text)
            return Comparison(self._whole(left, start), operator, self._operand())
        if self._take("IS"):
            return self._null_test(self._whole(left, start))
        if not self._at("NOT", "IN", "BETWEEN", "LIKE"):
            return left
        negated = self._take("NOT")
        condition = self._word_predicate(self._whole(left, start))
        return Negation(condition) if negated else condition

    def _null_test(self, operand: Operand) -> Condition:
        negated = self._take("NOT")
        self._expect("NULL", after="IS NOT" if negated else "IS")
        test = NullTest(operand)
        return Negation(test) if negated else test

    def _word_predicate(self, operand: Operand) -> Condition:
        if self._take("IN"):
            return Membership(operand, self._items())
        if self._take("BETWEEN"):
            low = self._operand()
            self._expect("AND", after="BETWEEN and a value")
            above = Comparison(operand, ">=", low)
            return Junction("AND", (above, Comparison(operand, "<=", self._operand())))
        if self._take("LIKE"):
            pattern = self._pattern()
            return Match(operand, pattern, self._pattern() if self._take("ESCAPE") else None)
        self.fail()

    def _items(self) -> tuple[Operand, ...]:
        if self.next.kind == "claim":  # a list of its own
            return (self._operand(),)
        self._expect("(", after="IN")
        items = [self._operand()]
        while self._take(","):
            items.append(self._operand())
        self._expect(")", after="the list of IN")
        return tuple(items)

    def _pattern(self) -> Value:
        start = self.next
        pattern = self._operand()
        if isinstance(pattern, Value) and pattern.kind in ("string", "null"):
            return pattern
        raise InvalidCommand(f"unexpected {start}: LIKE and ESCAPE take a string literal")

    def _operand(self) -> Operand:
        start = self.next
        return self._whole(self._primary(), start)

    def _whole(self, condition: Condition, start: Token) -> Operand:
        if isinstance(condition, Name | Value):
            return condition
        raise InvalidCommand(
            f"the condition that begins with {start} is used as a value: compare columns "
            "and literals only"
        )

    def _primary(self) -> Condition:
        token = self._advance()
        if token.text == "(" and token.kind == "sign":
            self._enter()
            condition = self.disjunction()
            self._depth -= 1
            self._expect(")", after="the condition")
            return condition
        if token.kind == "name":
            return self._name(token)
        if token.kind in ("number", "string", "binary", "claim"):
            return Value(cast(ValueKind, token.kind), token.text)
        if token.kind == "sign" and token.text in "+-" and self.next.kind == "number":
            return Value("number", token.text.strip("+") + self._advance().text)
        if token.kind == "word" and token.text == "NULL":
            return Value("null", "NULL")
        if token.kind == "word" and token.text in ("TRUE", "FALSE"):
            return Value("boolean", token.text)
        self._index -= 1
        self.fail()

    def _name(self, token: Token) -> Operand:
        bare = token.source[:1] != '"'
        if bare and token.text.upper() in _TYPED and self.next.kind == "string":
            kind = cast(ValueKind, token.text.lower())
            return Value(kind, self._advance().text)
        if bare and self._at("("):
            raise InvalidCommand(f"function {token} is not allowed: {GRAMMAR}")
        return Name(token.text)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidCommand(
                f"the filter is nested more than {MAX_DEPTH} deep at position "
                f"{self._tokens[self._index - 1].position}"
            )

    def _advance(self) -> Token:
        token = self.next
        if token.kind == "end":
            self.fail()
        self._index += 1
        return token

    def _at(self, *texts: str) -> bool:
        return self.next.kind in ("word", "sign") and self.next.text in texts

    def _take(self, text: str) -> bool:
        taken = self._at(text)
        self._index += taken
        return taken

    def _expect(self, text: str, *, after: str) -> None:
        if not self._take(text):
            self.fail(f"after {after} comes {text}")

    def fail(self, hint: str = GRAMMAR) -> NoReturn:
        """Raise for the next token, or for the one before it that explains it."""
        before = self._tokens[self._index - 1] if self._index else self.next
        if before.kind == "name" and before.text.upper() in _ELSEWHERE:
            raise InvalidCommand(f"{before} is not allowed: {GRAMMAR}")
        if self.next.kind == "end":
            raise InvalidCommand(f"the filter ends too early, after {before}: {hint}")
        if self.next.kind == "sign" and self.next.text in "+-":
            hint = "a filter has no arithmetic and no comments"
        raise InvalidCommand(f"unexpected {self.next}: {hint}")
