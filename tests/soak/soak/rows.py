"""Rows that say themselves whether they are right.

Every row of a file follows from the file's name, its version and how many rows that
version has, so whoever has read some knows what all of them had to be.
"""

import zlib
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("version", pa.int64()),
        ("total", pa.int64()),
        ("row", pa.int64()),
        ("bucket", pa.int64()),
        ("sum", pa.int64()),
        ("text", pa.string()),
    ]
)
_GOLDEN = 0x9E3779B97F4A7C15


@lru_cache(maxsize=16)
def table(file: str, version: int, total: int) -> pa.Table:
    """Return all rows of one version of a file."""
    rows = np.arange(total, dtype=np.int64)
    sums = _mixed(rows, zlib.crc32(f"{file} {version} {total}".encode()))
    same = np.ones(total, dtype=np.int64)
    buckets = sums % 100
    text = pa.array(sums).cast(pa.string())
    columns = [
        pa.repeat(file, total),
        same * version,
        same * total,
        rows,
        buckets,
        sums,
        pc.binary_join_element_wise("text", text, text, " "),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def difference(found: pa.Table, expected: pa.Table) -> str | None:
    """Say in what two tables differ; ``None`` if in nothing."""
    if found.schema.names != expected.schema.names or found.schema.types != expected.schema.types:
        return f"its schema is {found.schema.to_string()!r}"
    if found.num_rows != expected.num_rows:
        return f"it has {found.num_rows} rows, and not {expected.num_rows}"
    for name in expected.schema.names:
        if not found[name].equals(expected[name]):
            pairs = zip(found[name].to_pylist(), expected[name].to_pylist(), strict=True)
            row, (got, wanted) = next(
                (n, pair) for n, pair in enumerate(pairs) if len(set(pair)) > 1
            )
            return f"row {row} has {name} {got!r}, and not {wanted!r}"
    return None


def _mixed(rows: np.ndarray, seed: int) -> np.ndarray:
    """Return numbers below 2**53 in which every bit of a row's number counts (splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = (rows.astype(np.uint64) + np.uint64(seed)) * np.uint64(_GOLDEN)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.int64)
