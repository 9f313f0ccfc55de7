"""Row groups of one file as batches of bounded size."""

from collections.abc import Generator, Iterator, Sequence
from itertools import accumulate

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from attrs import frozen

from flightstream import ByteSize, File, LimitExceeded
from flightstream_parquet.faults import found_out, reachable, unreadable
from flightstream_parquet.footer import Footer
from flightstream_parquet.pages import (
    Extent,
    Readable,
    Window,
    claimed,
    extent,
    mean_value,
)
from flightstream_parquet.plan import Part
from flightstream_parquet.typed import typed

# What a batch takes on average: where rows are wide, there are fewer in a batch.
_BATCH_BYTES = 32 * 2**20
# Of column chunks that are not read whole.
_LEAST_BUFFER_BYTES, _MOST_BUFFER_BYTES = 2**16, 2**20
# Row groups that are small are read together, up to so many batches.
_BATCHES_AT_ONCE = 16
# Where each look at a file is a request, the pages of larger row groups are not looked at.
_LOOKED_AT_BYTES = 2**20


@frozen
class Limits:
    """What reading may take.

    Args:
        batch_rows: The most rows in a batch.
        memory: The most bytes that a row group may take at once.
        buffer_bytes: About how much may be kept of what is stored, and how large a
            batch may be: column chunks are read whole, unless those of a row group
            take more than this.
    """

    batch_rows: int
    memory: int
    buffer_bytes: int


@frozen(eq=False)
class Reader:
    """Reads a part of one file.

    Args:
        file: The file.
        part: Which rows of it.
        columns: Which columns of the file, at least one if it has any.
        limits: What that may take.
    """

    file: File
    part: Part
    columns: Sequence[str]
    limits: Limits

    def batches(self) -> Generator[pa.RecordBatch]:
        """Yield the rows, in the types of the file's schema; close it to free the file.

        Raises:
            InvalidData: The file is damaged or encrypted.
            LimitExceeded: It takes more memory than is allowed.
            Stale: The file changed.
            Unsupported: Arrow cannot read it.
        """
        skip, take = self.part.skip, self.part.take
        schema = pa.schema([self._footer.schema.field(name) for name in self.columns])
        with reachable(self.file), self.file.open() as source:
            if source.size() != self.file.size:
                self.file.check_unchanged()
            for batch in self._read(source):
                skipped = min(skip, batch.num_rows)
                skip, batch = skip - skipped, batch.slice(skipped, take)
                if batch.num_rows:
                    yield typed(batch, schema, self.file.name)
                if take is not None:
                    take -= batch.num_rows
                    if not take:
                        return

    @property
    def _footer(self) -> Footer:
        return self.part.footer

    @property
    def _is_local(self) -> bool:
        return isinstance(self.file.filesystem, pafs.LocalFileSystem)

    def _read(self, source: pa.NativeFile) -> Iterator[pa.RecordBatch]:
        leaves = self._footer.leaves_of(self.columns)
        sizes = [self._footer.stored_bytes(group, leaves) for group in self.part.groups]
        is_whole = max(sizes, default=0) <= self.limits.buffer_bytes
        try:
            parquet = pq.ParquetFile(
                source,
                metadata=self._footer.metadata,
                # Of a local file it costs memory and time; of a store it saves requests.
                pre_buffer=is_whole and not self._is_local,
                buffer_size=0 if is_whole else self._piece_bytes(len(leaves)),
                page_checksum_verification=True,
            )
        except (pa.ArrowException, OSError) as exc:
            raise unreadable(self.file, exc) from exc
        for rows, groups in self._runs(source, leaves, sizes):
            done = 0
            batches = parquet.iter_batches(rows, row_groups=groups, columns=list(self.columns))
            while True:
                try:
                    batch = next(batches, None)
                except (pa.ArrowException, OSError) as exc:
                    # Row groups that were read whole are not to blame.
                    left = self._after(groups, done)
                    raise found_out(
                        self.file, self._footer, source, parquet, left, self.columns, exc
                    ) from exc
                if batch is None:
                    break
                done += batch.num_rows
                yield batch

    def _piece_bytes(self, leaves: int) -> int:
        share = self.limits.buffer_bytes // leaves
        return max(_LEAST_BUFFER_BYTES, min(share, _MOST_BUFFER_BYTES))

    def _after(self, groups: Sequence[int], done: int) -> list[int]:
        """Return the row groups of which not all rows are done."""
        ends = accumulate(self._footer.groups[group].rows for group in groups)
        return [group for group, end in zip(groups, ends, strict=True) if end > done]

    def _runs(
        self, source: pa.NativeFile, leaves: Sequence[int], sizes: Sequence[int]
    ) -> Iterator[tuple[int, list[int]]]:
        """Yield how many rows to read at once, and of which row groups."""
        wanted, run, run_bytes, run_rows = 0, list[int](), 0, 0
        for group, size in zip(self.part.groups, sizes, strict=True):
            rows = self._rows_at_once(source, group, leaves)
            is_full = (
                run_bytes + size > self.limits.buffer_bytes or run_rows >= _BATCHES_AT_ONCE * wanted
            )
            if run and (rows != wanted or is_full):
                yield wanted, run
                run, run_bytes, run_rows = [], 0, 0
            wanted = rows
            run.append(group)
            run_bytes += size
            run_rows += self._footer.groups[group].rows
        if run:
            yield wanted, run

    def _rows_at_once(self, source: pa.NativeFile, group: int, leaves: Sequence[int]) -> int:
        footer, limits = self._footer, self.limits
        rows = max(1, footer.groups[group].rows)
        pages, most, mean = 0, 1.0, 1.0
        for leaf, found in zip(leaves, self._extents(source, group, leaves), strict=True):
            per_row = footer.chunk(group, leaf).values / rows
            pages += found.page
            most += found.value * per_row
            mean += mean_value(footer, group, leaf) * per_row
        if limits.memory - pages < most:
            raise LimitExceeded(
                f"row group {group} of the file {self.file.name!r} takes more than"
                f" {ByteSize(limits.memory)} at once: ask for fewer columns, or raise the option"
                " 'memory_limit'"
            )
        first = self.part.skip + self.part.take if self.part.take is not None else rows
        safe = limits.memory / 8 / most  # a few batches wait to be taken
        usual = min(_BATCH_BYTES, limits.buffer_bytes) / mean
        return max(1, min(limits.batch_rows, first, int(safe), int(usual)))

    def _extents(
        self, source: pa.NativeFile, group: int, leaves: Sequence[int]
    ) -> Iterator[Extent]:
        """Yield how much chunks take, found out at the first time."""
        footer, limits = self._footer, self.limits
        place: Readable | None = source if self._is_local else None
        if place is None and leaves and not all((group, leaf) in footer.extents for leaf in leaves):
            chunks = [footer.chunk(group, leaf) for leaf in leaves]
            start = min(chunk.start for chunk in chunks)
            size = max(chunk.start + chunk.size for chunk in chunks) - start
            if size <= _LOOKED_AT_BYTES:
                place = Window(source, start, size)
        for leaf in leaves:
            if (known := footer.extents.get((group, leaf))) is None:
                known = footer.extents[group, leaf] = (
                    claimed(footer, group, leaf)
                    if place is None
                    else extent(
                        footer,
                        group,
                        leaf,
                        place,
                        batch_rows=limits.batch_rows,
                        limit=limits.memory,
                    )
                )
            yield known
