"""The rows of row groups, batch by batch."""

from collections.abc import Generator, Iterator, Sequence

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from flightstream import File
from flightstream_parquet.faults import readable_pages
from flightstream_parquet.footer import Footer


def read_groups(
    file: File, footer: Footer, groups: Sequence[int], columns: Sequence[str], batch_rows: int
) -> Generator[pa.RecordBatch]:
    """Yield the rows of row groups.

    Columns are decoded in parallel. Of a local file, pages are read as they are
    needed; of any other, a row group's columns at once, in few and large reads.

    Args:
        file: The file.
        footer: Of it.
        groups: The row groups' numbers.
        columns: The columns to read, at least one.
        batch_rows: The most rows in a batch.

    Raises:
        InvalidData: Pages are damaged.
        Stale: The file changed.
        Unavailable: The store does not answer.
    """
    if not groups:
        return
    is_local = isinstance(file.filesystem, pafs.LocalFileSystem)
    with readable_pages(file, footer.metadata, groups, columns), file.open() as opened:
        parquet = pq.ParquetFile(
            opened,
            metadata=footer.metadata,
            pre_buffer=not is_local,
            page_checksum_verification=True,
        )
        for together in _runs(footer, groups, batch_rows):
            batches = parquet.iter_batches(
                batch_rows, row_groups=together, columns=list(columns), use_threads=True
            )
            for batch in batches:
                file.check_unchanged()
                yield batch


def _runs(footer: Footer, groups: Sequence[int], batch_rows: int) -> Iterator[list[int]]:
    """Yield row groups together as long as all of them are no more than a batch."""
    run: list[int] = []
    rows = 0
    for group in groups:
        if run and rows + footer.rows(group) > batch_rows:
            yield run
            run, rows = [], 0
        run.append(group)
        rows += footer.rows(group)
    if run:
        yield run
