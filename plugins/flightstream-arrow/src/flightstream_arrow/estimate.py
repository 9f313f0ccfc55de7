"""What a scan would read, told by what files say before their data."""

from collections.abc import Sequence

import pyarrow.fs as pafs

from flightstream import File, FileSet, ScanEstimate, ScanRequest
from flightstream_arrow.counts import Counts
from flightstream_arrow.library import Library

# How many descriptions are read for it: 20 µs each from a disk, a round trip from a store.
_LOCAL, _REMOTE = 2_000, 16


def estimate(
    files: FileSet, numbers: Sequence[int], request: ScanRequest, library: Library
) -> ScanEstimate:
    """Return how many rows, batches and bytes would be read, as far as that is cheap to know.

    Args:
        files: The flight.
        numbers: Which of its files would be read.
        request: What is asked of them.
        library: What knows them.
    """
    details = {"files": len(numbers), "files_pruned": len(files.files) - len(numbers)}
    counted = _counted([files.files[number] for number in numbers], library)
    if counted is None:
        size = sum(files.files[number].size for number in numbers)
        return ScanEstimate(records=_none_asked(request), bytes=size, details=details)
    names = request.needed or library.schema(files).names
    total = sum(counts.total for counts in counted)
    rows = range(total) if request.filter else range(total)[_window(request)]
    start = size = batches = 0
    for number, counts in zip(numbers, counted, strict=True):
        read = counts.batches_of(range(max(rows.start - start, 0), rows.stop - start))
        own = files.own_columns(names, library.index(files.files[number]).schema)
        size += counts.bytes_of(read, own)
        batches += len(read)
        start += counts.total
    records = _none_asked(request) if request.filter else len(rows)
    return ScanEstimate(records=records, bytes=size, details={**details, "batches": batches})


def _counted(files: Sequence[File], library: Library) -> list[Counts] | None:
    """Return what is known of each file, or ``None`` if it would take too long to know."""
    found: list[Counts] = []
    left = _LOCAL
    for file in files:
        counts = library.known_counts(file)
        if counts is None:
            if not isinstance(file.filesystem, pafs.LocalFileSystem):
                left = min(left, _REMOTE)
            footer = library.index(file).footer if left > 0 else None
            if footer is None or (left := left - 1 - len(footer.batches)) < 0:
                return None
            counts = library.counts(file)
        found.append(counts)
    return found


def _window(request: ScanRequest) -> slice:
    stop = None if request.limit is None else request.offset + request.limit
    return slice(request.offset, stop)


def _none_asked(request: ScanRequest) -> int:
    return 0 if request.limit == 0 else -1
