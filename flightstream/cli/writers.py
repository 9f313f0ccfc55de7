"""Batches into files; the suffix says of which format."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from flightstream.cli.values import to_json
from flightstream.errors import Unsupported

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


class JsonLinesWriter(AbstractContextManager["JsonLinesWriter"]):
    """Writes an object a row, each on a line of its own.

    Raises:
        Unsupported: Two columns have one name, of which an object would keep one.
    """

    def __init__(self, file: Any, schema: pa.Schema) -> None:
        for name, count in Counter(schema.names).items():
            if count > 1:
                raise Unsupported(
                    f"{count} columns are named {name!r}, and JSON keeps one of a name:"
                    " give them other names with AS"
                )
        self._file = file
        self._names = schema.names

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Add a batch."""
        for row in zip(*batch.columns, strict=True):
            values = dict(zip(self._names, map(to_json, row), strict=True))
            self._file.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")

    def __exit__(self, *_exc: object) -> None:
        """Leave the file open: it is that of who made it."""


def csv_writer(file: Any, schema: pa.Schema) -> Any:
    """Return a writer of CSV, if that can hold columns of such types.

    Raises:
        pyarrow.ArrowException: It cannot.
    """
    # Of some types, Arrow itself notices when it has written the names of the columns.
    nulls = [pa.nulls(1, column.type) for column in schema]
    pa.csv.write_csv(pa.table(nulls, schema.names), BytesIO())
    return pa.csv.CSVWriter(file, schema)


# Each is made from a file and a schema, takes ``write_batch(batch)``, and completes
# the file when it is left.
WRITERS: dict[str, Callable[[Any, pa.Schema], Any]] = {
    ".parquet": ParquetWriter,
    ".csv": csv_writer,
    ".arrow": pa.ipc.new_file,
    ".feather": pa.ipc.new_file,
    ".arrows": pa.ipc.new_stream,
    ".jsonl": JsonLinesWriter,
}


def check_output(
    _ctx: click.Context, _parameter: click.Parameter, path: Path | None
) -> Path | None:
    """Return where an option says to write, if the suffix is one of a writer."""
    if path is not None and path.suffix.lower() not in WRITERS:
        suffix = f"the suffix {path.suffix!r}" if path.suffix else "no suffix"
        raise click.BadParameter(f"{path} has {suffix}; known are {', '.join(WRITERS)}")
    return path
