"""Which row groups of which files a request has to read."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TypeAlias

import pyarrow as pa
from attrs import evolve, field, frozen

from flightstream import Bounds, File, FileSet, ScanEstimate, ScanRequest, balanced
from flightstream_parquet.footer import Footer
from flightstream_parquet.statistics import bounds_of

Share: TypeAlias = tuple[tuple[int, tuple[int, ...] | None], ...]
"""A partition: files by number, each with its row groups, or ``None`` for all that match."""

# Nobody waits for more footers than this only to be told what would be read.
_MOST_FOOTERS = 1_000
_READERS = 16


@frozen(eq=False)
class Part:
    """Row groups of one file.

    Args:
        number: Which file of the flight.
        footer: That of the file.
        groups: The numbers of the row groups; maybe none.
        skip: Rows to leave out first.
        take: The most rows to yield after that; ``None`` for all.
    """

    number: int
    footer: Footer = field(repr=False)
    groups: tuple[int, ...]
    skip: int = 0
    take: int | None = None

    @property
    def rows(self) -> int:
        """How many rows it yields."""
        rows = self.stored_rows - self.skip
        return rows if self.take is None else min(rows, self.take)

    @property
    def stored_rows(self) -> int:
        """How many rows the row groups have."""
        return sum(self.footer.groups[group].rows for group in self.groups)


@frozen(eq=False)
class Plan:
    """What a request has to read.

    Args:
        files: Those of the flight.
        schema: That of the flight.
        request: What is asked.
        footer: Returns that of a file; called on several threads.
    """

    files: FileSet
    schema: pa.Schema = field(repr=False)
    request: ScanRequest
    footer: Callable[[File], Footer] = field(repr=False)

    @property
    def needed(self) -> Sequence[str]:
        """The columns of the flight that have to be read."""
        needed = self.request.needed
        return self.schema.names if needed is None else needed

    def parts(self) -> Iterator[Part]:
        """Yield what to read, file by file; a footer is read when it is reached."""
        offset, limit = self.request.offset, self.request.limit
        is_filtered = self.request.filter is not None
        for number, groups in self._share():
            part = self._part(number, groups)
            if not is_filtered:
                if limit == 0:
                    return
                part, offset = _without_first(part, offset)
                part = _with_most(part, limit)
                limit = None if limit is None else limit - part.rows
            yield part

    def partitions(self, target: int) -> list[Share]:
        """Return parts of about the same number of bytes, in order the whole.

        They depend on nothing but the files and the request.
        """
        numbers = [number for number, _ in self._share()]
        if len(numbers) > _MOST_FOOTERS:
            cuts = balanced([self.files.files[number].size for number in numbers], target)
            return [tuple((numbers[index], None) for index in cut) for cut in cuts]
        self._load(numbers)
        units = [
            (part.number, group, part.footer.stored_bytes(group, self._leaves(part)))
            for part in (self._part(number, None) for number in numbers)
            for group in part.groups
        ]
        return [
            tuple(
                (number, tuple(unit[1] for unit in of_file))
                for number, of_file in groupby(
                    units[cut.start : cut.stop], key=lambda unit: unit[0]
                )
            )
            for cut in balanced([weight for _, _, weight in units], target)
        ]

    def estimate(self) -> ScanEstimate:
        """Tell how much would be read; of too many files, only how many."""
        numbers = [number for number, _ in self._share()]
        total = len(self.files.files)
        if len(numbers) > _MOST_FOOTERS:
            return ScanEstimate(
                bytes=sum(self.files.files[number].size for number in numbers),
                details={"files": len(numbers), "files_pruned": total - len(numbers)},
            )
        if self.request.limit is None or self.request.filter is not None:
            self._load(numbers)
        parts = list(self.parts())
        read = [part for part in parts if part.groups]
        groups = sum(len(part.groups) for part in parts)
        rows = sum(part.rows for part in parts)
        return ScanEstimate(
            records=-1 if rows and self.request.filter is not None else rows,
            bytes=sum(
                part.footer.stored_bytes(group, self._leaves(part))
                for part in read
                for group in part.groups
            ),
            details={
                "files": len(read),
                "files_pruned": total - len(read),
                "row_groups": groups,
                "row_groups_pruned": sum(len(part.footer.groups) for part in parts) - groups,
            },
        )

    def own_columns(self, part: Part) -> list[str]:
        """Return the columns to read of a file."""
        return self.files.own_columns(self.needed, part.footer.schema)

    def _share(self) -> Share:
        if self.request.partition is not None:
            return tuple(self.request.partition)
        return tuple((number, None) for number in self.files.matching(self.request.filter))

    def _part(self, number: int, groups: tuple[int, ...] | None) -> Part:
        footer = self.footer(self.files.files[number])
        self.files.check(number, footer.schema, lambda file: self.footer(file).schema)
        if groups is None:
            may_match = self._may_match(number, footer)
            groups = tuple(
                group
                for group, stored in enumerate(footer.groups)
                if stored.rows and (may_match is None or may_match[group].as_py())
            )
        return Part(number, footer, groups)

    def _may_match(self, number: int, footer: Footer) -> pa.BooleanArray | None:
        row_filter, count = self.request.filter, len(footer.groups)
        if row_filter is None:
            return None
        keys = self.files.keys
        bounds = bounds_of(footer, row_filter.columns - keys.keys(), self.schema)
        for name in row_filter.columns & keys.keys():
            bounds[name] = Bounds.of_values(pa.repeat(keys[name][number], count))
        return row_filter.may_match(bounds, count)

    def _leaves(self, part: Part) -> list[int]:
        return part.footer.leaves_of(self.own_columns(part))

    def _load(self, numbers: Sequence[int]) -> None:
        """Read the footers of many files at once, for each is a request or two."""
        if len(numbers) > 1:
            with ThreadPoolExecutor(min(_READERS, len(numbers))) as pool:
                list(pool.map(self.footer, [self.files.files[number] for number in numbers]))


def _without_first(part: Part, offset: int) -> tuple[Part, int]:
    """Leave out rows, as whole row groups where that goes, and return how many are left to do."""
    groups = list(part.groups)
    while groups and offset >= (rows := part.footer.groups[groups[0]].rows):
        offset -= rows
        del groups[0]
    return evolve(part, groups=tuple(groups), skip=offset if groups else 0), 0 if groups else offset


def _with_most(part: Part, limit: int | None) -> Part:
    """Leave out the row groups that a limit does not reach."""
    if limit is None:
        return part
    count, rows = 0, -part.skip
    while count < len(part.groups) and rows < limit:
        rows += part.footer.groups[part.groups[count]].rows
        count += 1
    return evolve(part, groups=part.groups[:count], take=limit)
