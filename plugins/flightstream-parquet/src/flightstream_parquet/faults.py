"""What pyarrow says of a file that it cannot read, in words that clients may see."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from flightstream import File, InvalidData, Unavailable

log = structlog.get_logger(__name__)

# What pyarrow raises: ArrowException, OSError for broken pages, and UnicodeDecodeError for names.
_BROKEN = (pa.ArrowException, OSError, UnicodeDecodeError)


@contextmanager
def readable(file: File) -> Iterator[None]:
    """Tell why the footer of a file cannot be read.

    Raises:
        InvalidData: It is no Parquet file.
        Stale: It changed meanwhile.
        Unavailable: The store does not answer.
    """
    try:
        yield
    except _BROKEN as exc:
        _check_reachable(file)
        log.info("parquet_footer_unreadable", file=file.name, error=str(exc))
        if not file.size:
            raise InvalidData(f"the file {file.name!r} is empty: it has no footer") from None
        if "encrypt" in str(exc).lower():
            raise InvalidData(
                f"the file {file.name!r} is encrypted, and there is no key to read it with"
            ) from None
        raise InvalidData(
            f"the file {file.name!r} is no Parquet file, or it is cut off or damaged at its end"
        ) from None


@contextmanager
def readable_pages(
    file: File, metadata: pq.FileMetaData, groups: Sequence[int], columns: Sequence[str]
) -> Iterator[None]:
    """Tell where the pages of a file cannot be read.

    Args:
        file: The file.
        metadata: Of it.
        groups: The row groups that are being read.
        columns: The columns that are being read.

    Raises:
        InvalidData: They are damaged; names row group and column.
        Stale: The file changed meanwhile.
        Unavailable: The store does not answer.
    """
    try:
        yield
    except _BROKEN as exc:
        _check_reachable(file)
        log.info("parquet_pages_unreadable", file=file.name, error=str(exc))
        group, column = _locate(file, metadata, groups, columns)
        reason = "is encrypted" if "crypt" in str(exc).lower() else "is damaged"
        raise InvalidData(
            f"the file {file.name!r} {reason} in row group {group}, column {column!r}",
            column=column,
        ) from None


def _check_reachable(file: File) -> None:
    """See that a file is there as it was, so that what went wrong is its own fault.

    Raises:
        Stale: It changed.
        Unavailable: It cannot be read from at all.
    """
    file.check_unchanged()
    try:
        with file.open() as opened:
            opened.read(1)
    except OSError:
        raise Unavailable(f"the file {file.name!r} cannot be read now") from None


def _locate(
    file: File, metadata: pq.FileMetaData, groups: Sequence[int], columns: Sequence[str]
) -> tuple[int, str]:
    """Return the first row group and column that cannot be read alone."""
    for group in groups:
        for column in columns:
            try:
                with file.open() as opened:
                    parquet = pq.ParquetFile(
                        opened, metadata=metadata, page_checksum_verification=True
                    )
                    for _ in parquet.iter_batches(row_groups=[group], columns=[column]):
                        pass
            except _BROKEN:
                return group, column
    return groups[0], columns[0]
