"""What option values have to look like."""

import re
from typing import Any


def is_role(_instance: Any, _attribute: Any, value: str | None) -> None:
    """Allow the ARN of a role."""
    if value is not None and not re.fullmatch(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+", value):
        raise ValueError("is not an ARN like arn:aws:iam::123456789012:role/reader")
