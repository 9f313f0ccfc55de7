"""JSON in the places that Flight leaves to servers."""

import json
from typing import Any


def as_json(data: bytes | None) -> dict[str, Any]:
    """Read an object; what is none is an empty one."""
    try:
        document = json.loads(data or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
