"""Certificates and keys as they are configured."""

import re
from pathlib import Path


class Pem:
    """The text of certificates or of a key; a key shows itself to nobody who only prints it.

    In configuration it is the path of a file, ``{ env = "NAME" }`` or
    ``{ file = "PATH" }``.

    Args:
        text: What the file holds.
        path: The file, if it was one.
    """

    __slots__ = ("_text", "path")

    def __init__(self, text: str, path: Path | None = None) -> None:
        self._text = text
        self.path = path

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __str__(self) -> str:
        return "***" if self.path is None else str(self.path)

    def __repr__(self) -> str:
        return f"Pem({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pem) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def certificates_in(text: str) -> list[str]:
    """Return each certificate of a PEM text, in order."""
    marked = r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----"
    return re.findall(marked, text, re.DOTALL)


def key_in(text: str) -> bool:
    """Tell whether a PEM text has a private key."""
    return re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----", text) is not None
