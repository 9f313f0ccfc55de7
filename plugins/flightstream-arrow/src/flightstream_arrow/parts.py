"""Which batches of which files are read, together and apart."""

from collections.abc import Sequence

from attrs import frozen

from flightstream import FileSet, balanced
from flightstream_arrow.library import Library


@frozen
class Span:
    """A row of batches of one file.

    Args:
        file: The number of the file in its set.
        first: The first batch, from 0.
        stop: The one after the last; ``None`` for all that there are.
    """

    file: int
    first: int = 0
    stop: int | None = None


def whole(numbers: Sequence[int]) -> tuple[Span, ...]:
    """Return the spans that some files are as they are."""
    return tuple(map(Span, numbers))


def cut(
    files: FileSet, numbers: Sequence[int], library: Library, target: int
) -> list[tuple[Span, ...]]:
    """Cut files into parts of about the same size, which follow each other.

    A file that is small beside a part is not opened, and stays in one piece; a
    stream always does.

    Args:
        files: The flight.
        numbers: Which of its files to read.
        library: What knows them.
        target: How many parts are wanted.
    """
    units: list[Span] = []
    weights: list[int] = []
    total = sum(files.files[number].size for number in numbers)
    for number in numbers:
        file = files.files[number]
        small = 2 * target * file.size < total
        footer = None if small else library.index(file).footer
        if footer is None:
            units.append(Span(number))
            weights.append(file.size)
        else:
            units += [Span(number, one, one + 1) for one in range(len(footer.batches))]
            weights += [block.size for block in footer.batches]
    return [_joined(units[part.start : part.stop]) for part in balanced(weights, target)]


def _joined(units: Sequence[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for unit in units:
        if unit.first and joined and joined[-1].file == unit.file:
            joined[-1] = Span(unit.file, joined[-1].first, unit.stop)
        else:
            joined.append(unit)
    return tuple(joined)
