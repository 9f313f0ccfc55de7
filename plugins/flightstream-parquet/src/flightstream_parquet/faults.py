"""What is wrong with a file that Arrow cannot read, in words that clients may see."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from flightstream import (
    File,
    FlightStreamError,
    InvalidData,
    LimitExceeded,
    Unavailable,
    Unsupported,
)
from flightstream_parquet.footer import Footer
from flightstream_parquet.pages import damaged

log = structlog.get_logger(__name__)

_BLOCK_BYTES = 64 * 2**20


@contextmanager
def reachable(file: File) -> Iterator[None]:
    """Tell of a file that is there and cannot be read.

    Raises:
        Stale: It changed meanwhile.
        Unavailable: It did not.
    """
    try:
        yield
    except OSError as exc:
        file.check_unchanged()
        raise Unavailable(f"the file {file.name!r} cannot be read now") from exc


def found_out(
    file: File,
    footer: Footer,
    source: pa.NativeFile,
    parquet: pq.ParquetFile,
    groups: Sequence[int],
    columns: Sequence[str],
    failure: Exception,
) -> FlightStreamError:
    """Return what is wrong: row groups are read once more, column by column.

    Args:
        file: The file.
        footer: That of the file.
        source: The file, open.
        parquet: What reads it.
        groups: The row groups that it may be.
        columns: The columns that it may be.
        failure: What Arrow raised.

    Raises:
        Stale: The file changed meanwhile.
    """
    if isinstance(failure, MemoryError):
        return unreadable(file, failure)
    for group in groups:
        for column in columns:
            try:
                for _ in parquet.iter_batches(1024, row_groups=[group], columns=[column]):
                    pass
            except (pa.ArrowException, OSError) as exc:
                error = unreadable(file, exc, group, column)
                leaves = footer.places[column]
                if not all(_is_there(footer, source, group, leaf) for leaf in leaves):
                    return Unavailable(f"the file {file.name!r} cannot be read now")
                is_plain = isinstance(error, InvalidData)
                return damaged(footer, group, leaves.start) if is_plain else error
    return unreadable(file, failure)


def unreadable(
    file: File, failure: Exception, group: int | None = None, column: str | None = None
) -> FlightStreamError:
    """Return the error for what Arrow raised, and log it.

    Raises:
        Stale: The file changed meanwhile.
    """
    file.check_unchanged()
    log.warning(
        "parquet_unreadable", file=file.name, row_group=group, column=column, reason=str(failure)
    )
    if isinstance(failure, MemoryError):
        return LimitExceeded(f"the file {file.name!r} takes more memory than there is")
    if isinstance(failure, NotImplementedError):
        what = "the file" if column is None else f"the column {column!r} of the file"
        return Unsupported(f"{what} {file.name!r} is stored in a way that Arrow cannot read")
    return InvalidData(f"the file {file.name!r} is damaged")


def _is_there(footer: Footer, source: pa.NativeFile, group: int, leaf: int) -> bool:
    """Tell whether the bytes of a chunk can be read, whatever they are."""
    chunk = footer.chunk(group, leaf)
    try:
        for at in range(0, min(chunk.size, source.size()), _BLOCK_BYTES):
            source.read_at(min(_BLOCK_BYTES, chunk.size - at), chunk.start + at)
    except OSError:
        return False
    except ValueError:  # there is no such place in the file
        return True
    return True
