"""The same rows as CSV, Parquet and Arrow; what is random of them is so by a fixed seed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from attrs import frozen

BATCH_ROWS = 32_768
ZONES = np.array(["Upper East", "Lower, West", 'Mid "town"', "JFK"])
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "pickup": pa.timestamp("s"),
        "distance": pa.float64(),
        "fare": pa.float64(),
        "zone": pa.string(),
        "code": pa.string(),
        "shared": pa.bool_(),
    }
)
_BLOCK_ROWS = 2**20


@frozen
class Files:
    """The folder of all files, and what is in each of them.

    Args:
        folder: Where they are.
        rows: In each of ``large.*``, and in both ``small_groups`` and ``large_groups``.
        few_rows: In ``small.csv``.
    """

    folder: Path
    rows: int
    few_rows: int


def write(folder: Path, megabytes: int) -> Files:
    """Write ``large.csv`` of so many megabytes, and a tenth of it as ``small.csv``.

    The other files have the rows of the large one: ``large.arrow``, and Parquet with
    row groups of 131,072 rows and of 1,048,576. The folder ``memory`` stays empty.
    """
    schema, rows = SCHEMA, 0
    names = ("csv", "arrow", "parquet", "memory")
    csv, arrow_folder, parquet, memory = (folder / name for name in names)
    for one in (csv, arrow_folder, parquet, memory):
        one.mkdir()
    with (
        (csv / "large.csv").open("wb") as file,
        pa.OSFile(str(arrow_folder / "large.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, schema) as arrow,
        pq.ParquetWriter(parquet / "small_groups.parquet", schema) as small,
        pq.ParquetWriter(parquet / "large_groups.parquet", schema) as large,
    ):
        for block in _blocks():
            _append(file, block)
            arrow.write_table(block, max_chunksize=BATCH_ROWS)
            small.write_table(block, row_group_size=2**17)
            large.write_table(block, row_group_size=2**20)
            rows += block.num_rows
            if file.tell() >= megabytes * 10**6:
                break
    with (csv / "small.csv").open("wb") as file:
        few = next(_blocks()).slice(0, rows // 10)
        _append(file, few)
    return Files(folder, rows, few.num_rows)


def _append(file: object, block: pa.Table) -> None:
    pacsv.write_csv(block, file, pacsv.WriteOptions(include_header=file.tell() == 0))


def _blocks() -> Iterator[pa.Table]:
    rng, start = np.random.default_rng(7), np.datetime64("2024-01-01T00:00:00")
    rows, first = _BLOCK_ROWS // 4, 0
    while True:
        yield pa.table(
            {
                "id": np.arange(first, first + rows),
                "pickup": start + rng.integers(0, 10**7, rows).astype("timedelta64[s]"),
                "distance": rng.random(rows).round(3),
                "fare": (rng.random(rows) * 100).round(2),
                "zone": ZONES[rng.integers(0, len(ZONES), rows)],
                "code": np.char.zfill(rng.integers(0, 99_999, rows).astype(str), 5),
                "shared": rng.random(rows) > 0.5,
            },
            SCHEMA,
        )
        first += rows
