"""Batches into files; the suffix says of which format."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

# A row group is what a reader can skip or read alone; smaller ones cost speed,
# larger ones our memory.
_ROW_GROUP_BYTES = 64 * 1024 * 1024


class Writer(AbstractContextManager[Any], Protocol):
    """Writes batches of one schema, and completes the file when it is left."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Add a batch."""


class ParquetWriter(Writer):
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


WRITERS: dict[str, Callable[[Any, pa.Schema], Any]] = {
    ".parquet": ParquetWriter,
    ".csv": pa.csv.CSVWriter,
    ".arrow": pa.ipc.new_file,
    ".feather": pa.ipc.new_file,
    ".arrows": pa.ipc.new_stream,
}


def writer_for(path: Path) -> Callable[[Any, pa.Schema], Writer] | None:
    """Return what writes a file of this name, if its suffix is known."""
    return WRITERS.get(path.suffix.lower())
