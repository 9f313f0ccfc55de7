"""Rows into a file that is there when it is complete."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from flightstream.cli.target import complete_file
from flightstream.cli.text import printable, size
from flightstream.cli.writers import WRITERS
from flightstream.errors import Unsupported


def save(batches: Iterable[pa.RecordBatch], schema: pa.Schema, output: Path) -> str:
    """Write batches as the suffix says.

    Args:
        batches: The rows, taken one batch after the other.
        schema: Theirs.
        output: Where to; its suffix is one of ``WRITERS``.

    Returns:
        What was written, for people.

    Raises:
        Unsupported: Such a file cannot hold them.
    """
    rows = 0
    with (
        complete_file(output) as file,
        writable(str(output)),
        WRITERS[output.suffix.lower()](file, schema) as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    noun = "1 row" if rows == 1 else f"{rows:,} rows"
    return printable(f"{output}: {noun}, {len(schema)} columns, {size(output.stat().st_size)}")


@contextmanager
def writable(target: str) -> Iterator[None]:
    """Say what it was that Arrow could not write to, and why."""
    try:
        yield
    except pa.ArrowException as exc:
        reason = " ".join(str(exc).split())
        raise Unsupported(f"{target} cannot hold these rows: {reason}") from exc
