"""The batches of a stream, held against what the server says it has sent."""

import json
import warnings
from collections.abc import Generator, Mapping
from typing import Any

import pyarrow as pa

from flightstream.client.errors import typed_errors
from flightstream.errors import Unavailable


class DataWarning(UserWarning):
    """Rows were skipped or values changed, as the server's configuration wants it."""


class Torn(Unavailable):
    """Rows are missing somewhere, so nobody can say from where to read on."""


def received(reader: Any, name: str) -> Generator[pa.RecordBatch]:
    """Yield a stream's batches, and hold their rows against what the server counted."""
    rows, ended = 0, False
    summary: dict[str, Any] = {}
    try:
        while not ended:
            with typed_errors():
                try:
                    chunk = reader.read_chunk()
                except StopIteration:
                    ended = True
                    break
            if chunk.app_metadata is not None:
                summary = as_json(chunk.app_metadata.to_pybytes())
            if chunk.data is not None and (chunk.data.num_rows or not chunk.app_metadata):
                rows += chunk.data.num_rows
                yield chunk.data
    finally:
        if not ended:
            reader.cancel()
    if summary.get("rows", rows) != rows:
        raise Torn(f"{rows} rows of {name!r} arrived, {summary['rows']} were sent")
    _warn(name, {key: value for key, value in summary.items() if key != "rows"})


def _warn(name: str, counts: Mapping[str, Any]) -> None:
    if counts:
        told = ", ".join(f"{key} {value}" for key, value in counts.items())
        warnings.warn(f"the server reports of {name!r}: {told}", DataWarning, stacklevel=2)


def as_json(data: bytes | None) -> dict[str, Any]:
    """Read an object; what is none is an empty one."""
    try:
        document = json.loads(data or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
