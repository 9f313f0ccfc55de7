"""Which row groups of which files a scan reads."""

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from flightstream import Bounds, File, FileSet, ScanRequest, balanced
from flightstream_parquet.footer import Footer
from flightstream_parquet.statistics import bounds_of

# With so many files for each part that is wanted, a file is never cut.
_MANY_FILES = 4


@frozen
class Span:
    """Row groups of one file.

    Args:
        file: The file's number in its set.
        groups: The row groups' numbers; ``None`` for all of the file.
    """

    file: int
    groups: tuple[int, ...] | None = None


@frozen(eq=False)
class Scan:
    """What a request asks of a flight.

    Args:
        files: Of the flight.
        schema: Of the flight.
        request: What is asked.
        footer: Returns the footer of a file.
    """

    files: FileSet
    schema: pa.Schema
    request: ScanRequest
    footer: Callable[[File], Footer]

    def spans(self) -> Iterator[Span]:
        """Yield the row groups that may have a row, file by file; footers are read on the way."""
        for span in self.request.partition or map(Span, self._matching()):
            footer = self.footer(self.files.files[span.file])
            self.files.check(span.file, footer.schema, lambda file: self.footer(file).schema)
            groups = footer.row_groups if span.groups is None else span.groups
            if span.groups is None:
                groups = self._may_match(span.file, footer)
            if groups:
                yield Span(span.file, tuple(groups))

    def parts(self, target: int) -> list[tuple[Span, ...]]:
        """Return parts of about the same size, each of row groups or of whole files."""
        numbers = self._matching()
        if len(numbers) >= _MANY_FILES * target:
            sizes = [self.files.files[number].size for number in numbers]
            cuts = balanced(sizes, target)
            return [tuple(Span(numbers[n]) for n in cut) for cut in cuts]
        groups = [(span.file, group) for span in self.spans() for group in span.groups or ()]
        cuts = balanced([self._stored(file, group) for file, group in groups], target)
        return [_joined([groups[n] for n in cut]) for cut in cuts]

    def sizes(self) -> tuple[int, int, int]:
        """Return how many row groups, rows and bytes are read."""
        number = rows = size = 0
        for span in self.spans():
            footer = self.footer(self.files.files[span.file])
            for group in span.groups or ():
                number += 1
                rows += footer.rows(group)
                size += self._stored(span.file, group)
        return number, rows, size

    def knows_footers(self, known: Callable[[File], Footer | None], most: int) -> bool:
        """Tell whether no more than so many footers would have to be read to plan it."""
        unknown = 0
        for number in self._matching():
            unknown += known(self.files.files[number]) is None
            if unknown > most:
                return False
        return True

    def _matching(self) -> list[int]:
        return self.files.matching(self.request.filter)

    def _may_match(self, number: int, footer: Footer) -> Sequence[int]:
        row_filter, groups = self.request.filter, len(footer.row_groups)
        if row_filter is None:
            return footer.row_groups
        columns = row_filter.columns - self.files.keys.keys()
        bounds = bounds_of(footer.metadata, footer.schema, self.schema, columns)
        for name in row_filter.columns & self.files.keys.keys():
            value = self.files.keys[name][number]
            bounds[name] = Bounds.of_values(pa.repeat(value, groups))
        found: list[int] = pc.indices_nonzero(row_filter.may_match(bounds, groups)).to_pylist()
        return found

    def _stored(self, number: int, group: int) -> int:
        needed = self.schema.names if self.request.needed is None else self.request.needed
        footer = self.footer(self.files.files[number])
        return footer.stored_bytes(group, frozenset(needed))


def _joined(groups: list[tuple[int, int]]) -> tuple[Span, ...]:
    """Return row groups, file by file."""
    files = dict.fromkeys(file for file, _ in groups)
    return tuple(Span(file, tuple(g for f, g in groups if f == file)) for file in files)
