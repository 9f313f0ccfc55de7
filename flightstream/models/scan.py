"""What an adapter is asked to read, and what it tells of that."""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from operator import index
from threading import Lock
from typing import Any

import pyarrow as pa
from attrs import Factory, field, frozen

from flightstream.filters import Filter
from flightstream.narrow import narrowed


class ScanCounts:
    """What plugins want told about a scan: ``skipped_rows``, ``nulled_values``, ….

    The sums are logged and given to ``on_call_finished``. Safe to use from several
    threads.

    .. versionadded:: 0.1
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, name: str, number: int = 1) -> None:
        """Add to a count of what is wrong with the data; one that stays zero is not reported.

        It is sent to the client too, in the stream's last ``app_metadata``.
        """
        with self._lock:
            self._counts[name] += index(number)  # one of numpy's would not become JSON

    def note(self, name: str, number: int = 1) -> None:
        """Add to a count that is the operator's alone, such as ``cache_hits``."""
        with self._lock:
            self._notes[name] += index(number)

    def merge(self, other: "ScanCounts") -> None:
        """Add what was reported of another scan, which had to be made for this one."""
        with other._lock:
            counts, notes = Counter(other._counts), Counter(other._notes)
        with self._lock:
            self._counts.update(counts)
            self._notes.update(notes)

    def as_dict(self) -> dict[str, int]:
        """Return the counts that are not zero."""
        with self._lock:
            return _reported(self._counts) | _reported(self._notes)

    def for_client(self) -> dict[str, int]:
        """Return those of them that clients are told."""
        with self._lock:
            return _reported(self._counts)


def _reported(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: number for name, number in counts.items() if number}


@frozen(kw_only=True)
class ScanRequest:
    """What an adapter is asked to do itself, within the pushdown it declared.

    Args:
        columns: The columns to yield, in this order, at least one; ``None``
            for all.
        filter: Rows to keep, bound to the flight's schema.
        limit: Yield no more rows than this.
        offset: Leave out this many rows first.
        partition: One of the parts that ``plan_partitions`` returned.
        counts: Where skipped and changed values are reported.
        buffer_bytes: Read no more ahead of the reader than this, though always
            enough to go on.

    .. versionadded:: 0.1
    """

    columns: tuple[str, ...] | None = None
    filter: Filter | None = None
    limit: int | None = None
    offset: int = 0
    partition: Any = None
    counts: ScanCounts = field(factory=ScanCounts, eq=False)
    buffer_bytes: int = field(default=64 * 2**20, eq=False, repr=False)

    @property
    def needed(self) -> tuple[str, ...] | None:
        """The columns that have to be read: those to yield, and those of the filter."""
        if self.columns is None:
            return None
        hidden = () if self.filter is None else self.filter.columns - set(self.columns)
        return (*self.columns, *sorted(hidden))

    def narrow(self, batches: Iterable[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
        """Return what is asked of batches: filtered, then from offset to limit, then projected.

        For adapters that have left out what they could, and have read the
        columns of :attr:`needed`. Closing it closes a generator of batches.
        """
        filters = () if self.filter is None else (self.filter,)
        return narrowed(batches, filters, self.offset, self.limit, self.columns)


@frozen(kw_only=True)
class ScanEstimate:
    """What a scan would read, told without reading it.

    Args:
        records: The exact number of rows it would yield, or -1.
        bytes: What it would read as stored, or -1.
        details: Whatever else an operator wants to know, such as ``files``,
            ``files_pruned``, ``row_groups`` and ``row_groups_pruned``.

    .. versionadded:: 0.1
    """

    records: int = -1
    bytes: int = -1
    details: Mapping[str, int] = Factory(dict)
