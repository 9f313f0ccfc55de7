"""Text for people: nothing in it can steer a terminal."""

import unicodedata
from collections.abc import Sequence

_UNITS = ("kB", "MB", "GB", "TB", "PB")


def printable(text: str) -> str:
    r"""Write control characters as escapes, ``\n`` and ``\x1b``, and leave all else.

    So are what would turn the direction of writing, and half surrogate pairs.
    """
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def shortened(text: str, width: int) -> str:
    """Cut text to a number of characters, with an ellipsis where something is missing."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def size(number_of_bytes: float) -> str:
    """Write a number of bytes with a decimal unit, ``12.3 MB``."""
    if number_of_bytes < 1000:
        return f"{number_of_bytes:.0f} B"
    for unit in _UNITS:
        number_of_bytes /= 1000
        if number_of_bytes < 999.95 or unit == _UNITS[-1]:
            break
    return f"{number_of_bytes:.1f} {unit}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows of cells in columns, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _shown(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode()
