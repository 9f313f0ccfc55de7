"""Batches into files; the suffix says of which format."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

# A row group is what a reader can skip or read alone; smaller ones cost speed,
# larger ones our memory.
_ROW_GROUP_BYTES = 64 * 1024 * 1024


class ParquetWriter(AbstractContextManager["ParquetWriter"]):
    """Collects batches into row groups of some size."""

    def __init__(self, file: Any, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Add a batch."""
        self._waiting.append(batch)
        self._waiting_bytes += batch.nbytes
        if self._waiting_bytes >= _ROW_GROUP_BYTES:
            self._write_row_group()

    def __exit__(self, kind: type[BaseException] | None, *_exc: object) -> None:
        if kind is None:
            self._write_row_group()
        self._writer.close()

    def _write_row_group(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting)
            self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._waiting, self._waiting_bytes = [], 0


# Each is made from a file and a schema, takes ``write_batch(batch)``, and completes
# the file when it is left.
WRITERS: dict[str, Callable[[Any, pa.Schema], Any]] = {
    ".parquet": ParquetWriter,
    ".csv": pa.csv.CSVWriter,
    ".arrow": pa.ipc.new_file,
    ".feather": pa.ipc.new_file,
    ".arrows": pa.ipc.new_stream,
}
