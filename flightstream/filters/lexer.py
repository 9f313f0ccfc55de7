"""Cut the text of a filter into tokens, and refuse what is too large."""

import re

from attrs import frozen

from flightstream.errors import InvalidCommand

MAX_BYTES = 16 * 1024
MAX_NODES = 1_000
WORDS = frozenset(
    ("AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "TRUE", "FALSE", "LIKE", "ESCAPE")
)
GRAMMAR = "a filter has comparisons, AND, OR, NOT, IN, BETWEEN, IS NULL, LIKE and literals"

# Each alternative is linear, and each match is at least one character long.
_CLAIM = r"""
    (?P<claim>  claims\.(?: [^\W\d]\w* | "[^"]+(?:""[^"]*)*" ) )
  |"""
_PLAIN = r"""
    (?P<space>  \s+ )
  | (?P<binary> [xX]'[^']*' )
  | (?P<string> '[^']*(?:''[^']*)*' )
  | (?P<quoted> "[^"]*(?:""[^"]*)*" )
  | (?P<number> (?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)? )
  | (?P<word>   [^\W\d]\w* )
  | (?P<sign>   <= | >= | <> | != | [=<>(),+-] )
"""
_TOKEN = re.compile(_PLAIN, re.VERBOSE)
_TOKEN_OR_CLAIM = re.compile(_CLAIM + _PLAIN, re.VERBOSE)


@frozen
class Token:
    """One token.

    Args:
        kind: ``"word"`` is a keyword in capitals, ``"name"`` a column, quoted or
            not; ``"sign"``, ``"number"``, ``"string"``, ``"binary"``, ``"claim"``
            and ``"end"`` are what they say.
        text: Without quotes.
        position: Where it begins, counted in characters from 1.
        source: As written, shortened.
    """

    kind: str
    text: str
    position: int
    source: str

    def __str__(self) -> str:
        return f"{self.source!r} at position {self.position}"


def tokenize(sql: str, *, claims: bool = False) -> list[Token]:
    """Return the tokens of a filter, with an ``"end"`` behind the last.

    Args:
        sql: The text.
        claims: Whether ``claims.NAME`` may stand for a value.

    Raises:
        InvalidCommand: It is too long, has too many parts, or holds what no
            filter does.
    """
    _check_size(sql)
    pattern = _TOKEN_OR_CLAIM if claims else _TOKEN
    tokens: list[Token] = []
    offset = nodes = 0
    while offset < len(sql):
        match = pattern.match(sql, offset)
        if match is None:
            raise _illegal(sql, offset)
        if match.lastgroup != "space":
            tokens.append(_token(str(match.lastgroup), match[0], offset + 1))
            nodes += match[0] not in ("(", ")", ",")
        offset = match.end()
    if nodes > MAX_NODES:
        raise InvalidCommand(
            f"the filter has {nodes:,} names, values and operators, more than {MAX_NODES:,}"
        )
    tokens.append(Token("end", "", len(sql) + 1, ""))
    return tokens


def shorten(text: str, length: int = 60) -> str:
    """Return text that fits into a message."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _check_size(sql: str) -> None:
    try:
        size = len(sql.encode())
    except UnicodeEncodeError as error:
        raise InvalidCommand(
            f"the filter has half of a surrogate pair at position {error.start + 1}"
        ) from None
    if size > MAX_BYTES:
        raise InvalidCommand(f"the filter has {size:,} bytes, more than {MAX_BYTES:,}")


def _token(kind: str, source: str, position: int) -> Token:
    text = source
    if kind == "string":
        text = source[1:-1].replace("''", "'")
    elif kind == "binary":
        text = source[2:-1]
    elif kind == "claim":
        text = source.removeprefix("claims.")
        text = text[1:-1].replace('""', '"') if text[0] == '"' else text
    elif kind == "quoted":
        kind, text = "name", source[1:-1].replace('""', '"')
    elif kind == "word":
        kind, text = ("word", source.upper()) if source.upper() in WORDS else ("name", source)
    elif text == "!=":
        text = "<>"
    return Token(kind, text, position, shorten(source, 30))


def _illegal(sql: str, offset: int) -> InvalidCommand:
    sign = sql[offset]
    where = f"at position {offset + 1} of the filter"
    if sign in "'\"":
        return InvalidCommand(f"the quote {where} is not closed")
    if sign == ".":
        return InvalidCommand(
            f"unexpected '.' {where}: a column name with a dot needs double quotes"
        )
    return InvalidCommand(f"unexpected {sign!r} {where}: {GRAMMAR}")
