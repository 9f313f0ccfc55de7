"""Names and URIs of sources."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from flightstream.storage import uncompressed

_SECRET_WORDS = ("secret", "password", "token", "key", "signature", "sig", "credential")


def check_source_name(name: str) -> str | None:
    """Say what keeps a name from being the first part of a flight's path."""
    if name in ("", ".", ".."):
        return "is none that can be part of a flight's path"
    if "/" in name or not name.isprintable():
        return "has a character that a flight's path cannot have"
    return None


def resolve_uri(uri: str, folder: Path) -> str:
    """Make a relative path absolute; leave everything else as it is."""
    if "://" in uri or uri.startswith("~"):
        return uri
    return os.path.normpath(folder / uri)


def name_sources(uris: Iterable[str], folder: Path) -> dict[str, str]:
    """Name each URI after its last part, distinct and fit for a flight's path."""
    named: dict[str, str] = {}
    for uri in uris:
        wish = _wish(uri, folder)
        name, number = wish, 1
        while name in named:
            number += 1
            name = f"{wish}-{number}"
        named[name] = uri
    return named


def hide_credentials(uri: str) -> str:
    """Return a URI without the password, and without secrets in its query."""
    # No parser: what is malformed must not show more than what is well-formed.
    hidden = re.sub(r"(://[^/?#:@]*):.*@", r"\1:***@", uri, flags=re.DOTALL)
    return re.sub(r"([^?&;=#/]+)=([^&;#]*)", _hide_parameter, hidden)


def _hide_parameter(match: re.Match[str]) -> str:
    secret = any(word in match[1].lower() for word in _SECRET_WORDS)
    return f"{match[1]}=***" if secret else match[0]


def _wish(uri: str, folder: Path) -> str:
    if "://" in uri:
        place = uri.partition("://")[2].partition("?")[0].partition("#")[0]
        last = place.rstrip("/").rpartition("/")[2].rpartition("@")[2]
        is_file = not place.endswith("/") and "/" in place
    else:
        path = os.path.normpath(folder / os.path.expanduser(uri))
        last, is_file = os.path.basename(path), not os.path.isdir(path)
    name = uncompressed(last).stem if is_file else last
    name = "".join(letter if letter.isprintable() else "_" for letter in name)
    return "data" if check_source_name(name) else name
