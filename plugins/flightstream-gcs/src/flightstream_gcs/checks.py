"""What option values have to look like."""

from typing import Any
from urllib.parse import urlsplit


def is_endpoint(_instance: Any, _attribute: Any, value: str | None) -> None:
    """Allow the URL of a host, without path or login."""
    if value is None:
        return
    try:
        parts = urlsplit(value)
        is_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_host = False
    if not is_host or parts.scheme not in ("http", "https"):
        raise ValueError("is not a URL like http://localhost:4443")
    if "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("has more in it than a host: only its URL is wanted")
