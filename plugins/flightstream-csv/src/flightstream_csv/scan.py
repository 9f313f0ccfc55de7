"""One file as a stream of batches: cut, parsed in parallel, given out in order."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, wait

import attrs
import pyarrow as pa
from attrs import frozen

from flightstream import File, FlightStreamError, InvalidData, ScanCounts, Workers
from flightstream_csv.cutter import Cutter
from flightstream_csv.layout import Layout
from flightstream_csv.locate import locate
from flightstream_csv.parse import BlockParser, Parsed, Problem, shorten
from flightstream_csv.sample import RECORD_BYTES
from flightstream_csv.text import Text, Undecodable

IN_FLIGHT = 4
_LEAST_BLOCK_BYTES = 256 * 2**10


@frozen
class Sizes:
    """How a scan divides its work.

    Args:
        block_bytes: Text that is parsed at once; a longer record is a longer block.
        record_bytes: The longest record.
        batch_rows: The most rows in a batch.
        in_flight_bytes: How much text may be parsed at a time, though always a block.
    """

    block_bytes: int = 2 * 2**20
    record_bytes: int = RECORD_BYTES
    batch_rows: int = 32_768
    in_flight_bytes: int = 32 * 2**20

    def within(self, buffer_bytes: int) -> "Sizes":
        """Return sizes with which a scan holds no more than so many bytes, records being short.

        Parsed rows take about as much again as their text, and two blocks are being read.
        """
        least = min(self.block_bytes, _LEAST_BLOCK_BYTES)
        return attrs.evolve(
            self,
            block_bytes=max(least, min(self.block_bytes, buffer_bytes // 8)),
            in_flight_bytes=min(self.in_flight_bytes, buffer_bytes // 3),
        )


class _Broken(Exception):
    """The text cannot be cut further.

    Args:
        reason: Why not.
        rest: What is left, from the start of a record.
        value: The bytes that are wrong, where it is their fault.
    """

    def __init__(self, reason: str, rest: bytes, value: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.rest = rest
        self.value = value


def scan(
    file: File,
    layout: Layout,
    parser: BlockParser,
    workers: Workers,
    counts: ScanCounts,
    sizes: Sizes,
) -> Generator[pa.RecordBatch]:
    """Yield the rows of a file.

    Raises:
        InvalidData: Something does not fit; all rows before its block were given out.
        Stale: The file changed; what was given out is as it was before.
    """
    cutter = Cutter(layout.dialect)
    pending: deque[tuple[int, Future[Parsed | Problem]]] = deque()
    records = 0
    with Text(file, layout.dialect.encoding) as text:
        chunks = _read_ahead(text, layout.start, workers, sizes.block_bytes)
        blocks = _blocks(chunks, cutter, sizes)
        end: Exception | None = None
        try:
            while True:
                while end is None and _has_room(pending, sizes):
                    try:
                        block = next(blocks)
                    except (StopIteration, _Broken, FlightStreamError) as exc:
                        # Its traceback has this frame, with the last block's batch.
                        end = exc.with_traceback(None)
                    else:
                        pending.append((len(block), workers.submit(parser.parse, block)))
                if not pending:
                    break
                parsed = pending.popleft()[1].result()
                file.check_unchanged()
                if isinstance(parsed, Problem):
                    raise _invalid(file, parsed, records)
                records += parsed.records
                counts.add("skipped_rows", parsed.skipped)
                counts.add("nulled_values", parsed.nulled)
                for start in range(0, parsed.batch.num_rows, sizes.batch_rows):
                    yield parsed.batch.slice(start, sizes.batch_rows)
        finally:
            for _, future in pending:
                future.cancel()
            blocks.close()
            chunks.close()
    file.check_unchanged()
    if isinstance(end, _Broken):
        raise _broken(file, layout, end, records)
    if isinstance(end, FlightStreamError):
        try:
            raise end
        finally:
            del end


def _has_room(pending: "deque[tuple[int, Future[Parsed | Problem]]]", sizes: Sizes) -> bool:
    return not pending or (
        len(pending) < IN_FLIGHT and sum(size for size, _ in pending) < sizes.in_flight_bytes
    )


def _read_ahead(text: Text, start: int, workers: Workers, size: int) -> Generator[bytes]:
    # Reading, decompressing and decoding go on while earlier blocks are parsed.
    coming = workers.fetch(_skip_then_read, text, start, size)
    try:
        while chunk := coming.result():
            coming = workers.fetch(text.read, size)
            yield chunk
    finally:
        if not coming.cancel():
            wait([coming])


def _skip_then_read(text: Text, start: int, size: int) -> bytes:
    while start and (skipped := text.read(start)):
        if len(skipped) > start:
            return skipped[start:]
        start -= len(skipped)
    return text.read(size)


def _blocks(chunks: Iterator[bytes], cutter: Cutter, sizes: Sizes) -> Generator[bytes]:
    rest = b""
    try:
        for chunk in chunks:
            data = rest + chunk
            end = cutter.cut(data)
            rest = data[end:]
            if end:
                yield data[:end]
            elif len(rest) > sizes.record_bytes:
                raise _Broken(
                    f"longer than {sizes.record_bytes:,} bytes: is there an opening quote"
                    " without a closing one?",
                    rest,
                )
    except Undecodable as exc:
        raise _Broken(
            f"bytes that are not {exc.encoding}: set the option 'encoding'",
            rest,
            exc.offending.decode("ascii", "backslashreplace"),
        ) from None
    if rest:
        if cutter.is_open(rest):
            raise _Broken("an open quote at the end of the file", rest)
        yield rest


def _invalid(file: File, problem: Problem, before: int) -> InvalidData:
    row = before + problem.row
    column = None if problem.column is None else shorten(problem.column)
    where = f"row {row}" if column is None else f"row {row}, column {column!r}"
    return InvalidData(
        f"{file.name!r}, {where}: {problem.reason}",
        row=row,
        column=column,
        value=problem.value,
    )


def _broken(file: File, layout: Layout, broken: _Broken, before: int) -> InvalidData:
    # Bytes that cannot be decoded follow the text: the record's last field is theirs.
    row, column = 1, None
    if broken.value is not None:
        row, column = locate(broken.rest, layout.schema.names, layout.dialect)
    problem = Problem(row, broken.reason, column, broken.value)
    return _invalid(file, problem, before)
