"""Patterns of paths: ``sales/*``, ``sales/**``."""

import re
from functools import lru_cache
from typing import Self

from attrs import frozen

_ANY_PARTS = "**"


@frozen
class Pattern:
    """What the paths of flights look like, part by part.

    ``*`` is any text within a part and ``?`` one letter; a part ``**`` is any
    number of parts. Everything else is itself, letter case included: a path has
    no escapes and no ``..``.
    """

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern.

        Raises:
            ValueError: No flight can have such a path.
        """
        parts = tuple(text.split("/"))
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError(
                f"{text!r} is no path of a flight: write SOURCE/NAME, without a slash"
                " at either end and without '.' and '..'"
            )
        if any(_ANY_PARTS in part and part != _ANY_PARTS for part in parts):
            raise ValueError(f"in {text!r}, '**' has to be a whole part, as in 'sales/**'")
        if signs := sorted(set("[]{}\\").intersection(text)):
            raise ValueError(f"{signs[0]!r} in {text!r}: there are only '*', '?' and '**'")
        if len(parts) == 1 and text != _ANY_PARTS:
            raise ValueError(
                f"{text!r} names no flight: write '{text}/**' for a whole source, or '**' for all"
            )
        return cls(parts)

    def matches(self, path: tuple[str, ...]) -> bool:
        """Tell whether a path looks like this, in time by the product of both lengths."""
        at = used = 0
        # Where the last ** stands, and up to where it reaches so far.
        any_at, any_until = -1, 0
        while used < len(path):
            if at < len(self.parts) and self.parts[at] == _ANY_PARTS:
                any_at, any_until = at, used
                at += 1
            elif at < len(self.parts) and _compiled(self.parts[at]).fullmatch(path[used]):
                at, used = at + 1, used + 1
            elif any_at >= 0:
                any_until += 1
                at, used = any_at + 1, any_until
            else:
                return False
        return all(part == _ANY_PARTS for part in self.parts[at:])


@lru_cache(maxsize=1024)
def _compiled(part: str) -> re.Pattern[str]:
    # Each star takes as little as it can, for good: a client may ask for any name.
    texts = [re.escape(text).replace(r"\?", ".") for text in part.split("*")]
    first, *others = texts
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    inner = "".join(f"(?>.*?{text})" for text in middle)
    return re.compile(f"{first}{inner}.*{last}", re.DOTALL)
