"""What option values have to look like."""

import re
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
        raise ValueError("is not a URL like http://localhost:9000 or https://s3.example.com")
    if "@" in parts.netloc:
        raise ValueError("has a login in it: set access_key and secret_key")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("has something behind the host: only its URL is wanted")


def is_role(_instance: Any, _attribute: Any, value: str | None) -> None:
    """Allow the ARN of a role."""
    if value is not None and not re.fullmatch(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+", value):
        raise ValueError("is not an ARN like arn:aws:iam::123456789012:role/reader")
