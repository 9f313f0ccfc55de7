"""Numbers among the floats of 16, 32 and 64 bits.

A number with a fraction or an exponent is the float nearest to it, so that
``price = 0.1`` finds what was written as 0.1. A whole number is exact: no float
equals 9007199254740993, and what follows it is greater.
"""

import math
import struct
from fractions import Fraction

_CODES = {16: ("<e", "<h"), 32: ("<f", "<i"), 64: ("<d", "<q")}
_LARGEST = {16: 0x7BFF, 32: 0x7F7FFFFF, 64: 0x7FEFFFFFFFFFFFFF}


def place(exact: Fraction, bits: int, *, whole: bool) -> tuple[bool, float]:
    """Return whether a number is a float, and that float or the one below it.

    Args:
        exact: The number.
        bits: The width of the floats.
        whole: It was written as an integer, so it is not rounded.
    """
    largest = _from_pattern(_LARGEST[bits], bits)
    nearest = _nearest(exact, bits)
    if math.isinf(nearest):
        return False, largest if nearest > 0 else -math.inf
    if not whole or nearest == exact:
        # Minus zero is zero, so that equal filters have equal texts.
        return True, nearest + 0.0
    return False, nearest if nearest < exact else _previous(nearest, bits)


def _nearest(exact: Fraction, bits: int) -> float:
    code, _ = _CODES[bits]
    try:
        return float(struct.unpack(code, struct.pack(code, float(exact)))[0])
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def _previous(value: float, bits: int) -> float:
    """Return the next smaller float, maybe minus infinity, of one that is not zero."""
    code, integer = _CODES[bits]
    pattern = struct.unpack(integer, struct.pack(code, value))[0]
    return _from_pattern(pattern - 1 if value > 0 else pattern + 1, bits)


def _from_pattern(pattern: int, bits: int) -> float:
    code, integer = _CODES[bits]
    return float(struct.unpack(code, struct.pack(integer, pattern))[0])
