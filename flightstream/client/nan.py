"""Filters of DuckDB on floats, said so that Arrow and servers mean the same.

To DuckDB a NaN is greater than every number. To Arrow and to IEEE 754 it is neither
greater nor less, so ``x > 5`` would lose it, where ``NOT x <= 5`` does not. DuckDB
before 2 hands such filters over and does not look at the rows again.
"""

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from flightstream.client.terms import Call, Field, Nested, Term, parsed

_GREATER = {"greater": pc.less_equal, "greater_equal": pc.less}
_SAME = {
    "and_kleene": pc.and_kleene,
    "or_kleene": pc.or_kleene,
    "invert": pc.invert,
    "equal": pc.equal,
    "not_equal": pc.not_equal,
    "less": pc.less,
    "less_equal": pc.less_equal,
    "is_nan": pc.is_nan,
    "is_valid": pc.is_valid,
}


def with_greatest_nan(expression: pc.Expression) -> pc.Expression:
    """Return a filter of DuckDB as an expression that keeps the rows DuckDB means.

    What is compared with no float stays as it is.
    """
    known = parsed(expression)
    if known is None or not _compares_floats(known[0]):
        return expression
    made = _made(known[0])
    return expression if made is None else made


def _compares_floats(term: Term) -> bool:
    if isinstance(term, Call):
        return any(map(_compares_floats, term.arguments))
    return isinstance(term, pa.Scalar) and types.is_floating(term.type)


def _made(term: Term) -> pc.Expression | None:
    match term:
        case Field(name):
            return pc.field(name)
        case Nested(names):
            return pc.field(*names)
        case pa.Scalar():
            return pc.scalar(term)
        case Call(function, arguments):
            made = [_made(argument) for argument in arguments]
            if any(one is None for one in made):
                return None
            if function in _GREATER:
                return pc.invert(_GREATER[function](*made))
            return _SAME[function](*made) if function in _SAME else None
    return None
