"""What a line says of a call."""

import json
from datetime import UTC, datetime

from flightstream import CallRecord


def line_of(record: CallRecord, time: datetime, lost: int = 0) -> bytes:
    """Return a line of JSON, which nothing in a record can break or forge.

    It is plain ASCII: whatever else a name has in it, such as line breaks of any
    kind or half of a surrogate pair, is escaped.

    Args:
        record: The call.
        time: When it ended.
        lost: How many lines before this one could not be written.
    """
    told = {
        "time": time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "call": record.call,
        "subject": record.subject,
        "roles": record.roles,
        "peer": record.peer,
        "method": record.method,
        "flight": record.flight,
        "action": record.action,
        "code": record.code,
        "rows": record.rows,
        "bytes": record.bytes,
        "seconds": round(record.duration_seconds, 6),
    }
    if lost:
        told["lost"] = lost
    return json.dumps(told, default=str).encode("ascii") + b"\n"
