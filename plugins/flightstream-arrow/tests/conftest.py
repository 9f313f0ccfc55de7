"""Tables as Arrow files and streams, and an adapter over their folder."""

from typing import Any, Literal

import pyarrow as pa

pytest_plugins = ["flightstream.testing"]

Format = Literal["file", "stream"]


def written(
    table: pa.Table,
    format: Format = "file",
    rows: int | None = None,
    **options: Any,
) -> bytes:
    """Return a table as Arrow writes it, in batches of so many rows."""
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_file if format == "file" else pa.ipc.new_stream
    with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, rows)
    return sink.getvalue().to_pybytes()
