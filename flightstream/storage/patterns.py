"""Patterns of file names: ``*`` and ``?`` within a folder, ``**/`` for any folders."""

import re
from functools import lru_cache

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^]/]+\]|.", re.DOTALL)


@lru_cache(maxsize=256)
def compiled(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """Return a pattern as a regular expression for whole names."""
    parts = []
    for token in _TOKENS.findall(pattern):
        match token:
            case "**/":
                parts.append(r"(?:[^/]+/)*")
            case "**":
                parts.append(r".*")
            case "*":
                parts.append(r"[^/]*")
            case "?":
                parts.append(r"[^/]")
            case _ if len(token) > 1:
                inside = token[1:-1]
                letters = re.sub(r"[^\w-]", r"\\\g<0>", inside.removeprefix("!"))
                parts.append(f"[^/{letters}]" if inside[0] == "!" else f"[{letters}]")
            case _:
                parts.append(re.escape(token))
    return re.compile("".join(parts), re.IGNORECASE if ignore_case else 0)


def example(pattern: str) -> str:
    """Return a name that a pattern matches, to hold it against other patterns."""
    return "".join(map(_stand_in, _TOKENS.findall(pattern)))


def place(pattern: str) -> tuple[str, bool]:
    """Return the folder that all names of a pattern are in, and whether deeper ones may be.

    The folder is ``""`` or ends with a slash.
    """
    folder, rest = "", pattern
    while "/" in rest:
        part, _, after = rest.partition("/")
        if any(sign in part for sign in "*?["):
            return folder, True
        folder, rest = f"{folder}{part}/", after
    return folder, "**" in rest


def _stand_in(token: str) -> str:
    match token:
        case "**/":
            return ""
        case "**" | "*" | "?":
            return "x"
        case _ if len(token) > 1:
            return token[1] if token[1] != "!" else "x"
    return token
