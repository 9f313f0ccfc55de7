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
    suspects = [] if isinstance(failure, MemoryError) else groups
    for group in suspects:
        for column in columns:
            try:
                for _ in parquet.iter_batches(1024, row_groups=[group], columns=[column]):
                    pass
            except (pa.ArrowException, OSError) as exc:
                if not _is_there(footer, source, group, column):
                    return Unavailable(f"the file {file.name!r} cannot be read now")
                return unreadable(file, exc, damaged(footer, group, footer.places[column].start))
    return unreadable(file, failure)


def unreadable(
    file: File, failure: Exception, error: FlightStreamError | None = None
) -> FlightStreamError:
    """Return the error for what Arrow raised, and log it.

    Args:
        file: The file.
        failure: What Arrow raised.
        error: What to say where it is no matter of what Arrow can do.

    Raises:
        Stale: The file changed meanwhile.
    """
    file.check_unchanged()
    if isinstance(failure, MemoryError):
        return LimitExceeded(f"the file {file.name!r} takes more memory than there is")
    if isinstance(failure, NotImplementedError):
        error = Unsupported(f"the file {file.name!r} is stored in a way that Arrow cannot read")
    error = error or InvalidData(f"the file {file.name!r} is damaged")
    log.warning("parquet_unreadable", error=error.message, reason=str(failure))
    return error


def _is_there(footer: Footer, source: pa.NativeFile, group: int, column: str) -> bool:
    """Tell whether the bytes of a column can be read, whatever they are."""
    try:
        for chunk in (footer.chunk(group, leaf) for leaf in footer.places[column]):
            for at in range(0, min(chunk.size, source.size()), _BLOCK_BYTES):
                source.read_at(min(_BLOCK_BYTES, chunk.size - at), chunk.start + at)
    except OSError:
        return False
    except ValueError:  # there is no such place in the file
        return True
    return True
