"""A block of records to a batch, exactly as the layout says or with the reason why not."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from attrs import frozen

from flightstream_csv.dialect import Dialect
from flightstream_csv.kinds import Kind
from flightstream_csv.layout import Layout
from flightstream_csv.records import RaggedRows, parse_options, read_options

_DOUBLES_EXACT_BELOW = 2.0**53


@frozen
class Problem:
    """Why a block cannot be served.

    Args:
        row: The record's number in the block, from 1.
        reason: What is wrong, and which option cures it.
        column: The column, where it is one value that does not fit.
        value: The text.
    """

    row: int
    reason: str
    column: str | None = None
    value: str | None = None


@frozen
class Parsed:
    """What became of a block.

    Args:
        batch: Its rows; ``None`` if there is a problem.
        records: How many it had, skipped ones too.
        skipped: Records left out for their number of fields.
        nulled: Values made null because they do not fit.
        problem: The first one, by row.
    """

    batch: pa.RecordBatch | None
    records: int = 0
    skipped: int = 0
    nulled: int = 0
    problem: Problem | None = None


class BlockParser:
    """Parses blocks of one file; safe for several threads.

    Args:
        layout: Of the file.
        columns: What to return, in this order; ``None`` for all.
        on_bad_value: Whether a value that does not fit becomes null.
        on_bad_row: Whether a record with too many or few fields is left out.
    """

    def __init__(
        self,
        layout: Layout,
        columns: Sequence[str] | None,
        *,
        on_bad_value: Literal["error", "null"],
        on_bad_row: Literal["error", "skip"],
    ) -> None:
        self._dialect = layout.dialect
        self._names = layout.schema.names
        wanted = self._names if columns is None else columns
        by_name = dict(zip(self._names, layout.kinds, strict=True))
        self._kinds = {name: by_name[name] for name in wanted}
        self.schema = pa.schema(
            [layout.schema.field(name) for name in wanted], layout.schema.metadata
        )
        self._null_values = on_bad_value == "null"
        self._skip_rows = on_bad_row == "skip"
        self._read_options = read_options(self._names)
        self._groups = _groups(layout, self._kinds, raw=False)
        self._raw_groups = _groups(layout, self._kinds, raw=True)
        self._exact = [name for name, kind in self._kinds.items() if kind.exact]
        self._zeros = _ZeroFinder(self._dialect)

    def parse(self, block: bytes) -> Parsed:
        """Parse whole records."""
        ragged = RaggedRows(self._skip_rows)
        try:
            columns = self._read(block, self._groups, ragged)
        except pa.ArrowInvalid:
            if ragged.numbers and not self._skip_rows:
                return Parsed(None, problem=self._ragged_problem(ragged))
            return self._parse_carefully(block)
        if self._is_doubtful(block, columns):
            return self._parse_carefully(block)
        arrays = []
        for name, kind in self._kinds.items():
            array = columns[name]
            if kind.parse is not None:
                if kind.valid(array).false_count:
                    return self._parse_carefully(block)
                array = kind.convert(array, self._dialect)
            arrays.append(array)
        return self._parsed(arrays, columns, ragged)

    def _parse_carefully(self, block: bytes) -> Parsed:
        # Slower: every column as bytes first, then value by value what fits.
        ragged = RaggedRows(self._skip_rows)
        try:
            raw = self._read(block, self._raw_groups, ragged)
        except pa.ArrowInvalid:
            return Parsed(None, problem=self._ragged_problem(ragged))
        problems: list[Problem] = []
        arrays: list[pa.Array] = []
        nulled = 0
        for name, kind in self._kinds.items():
            texts, undecodable = _decode(raw[name])
            if undecodable is not None:
                index, value = undecodable
                reason = "bytes that are not utf-8: set the option 'encoding'"
                problems.append(Problem(ragged.number_of(index), reason, name, value))
                continue
            if kind.is_text:
                arrays.append(texts.cast(kind.type))
                continue
            bad = pc.invert(kind.valid(texts)).fill_null(False)
            if bad.true_count and not self._null_values:
                index = bad.index(True).as_py()
                value = texts[index].as_py()
                reason = (
                    f"{shorten(value)!r} is no {kind.type}: set column_types"
                    f' = {{ {_toml_key(name)} = "string" }} or on_bad_value = "null"'
                )
                problems.append(Problem(ragged.number_of(index), reason, name, shorten(value)))
                continue
            if bad.true_count:
                nulled += bad.true_count
                texts = pc.if_else(bad, None, texts)
            arrays.append(kind.convert(texts, self._dialect))
        if problems:
            return Parsed(None, problem=min(problems, key=lambda problem: problem.row))
        return self._parsed(arrays, raw, ragged, nulled)

    def _read(
        self, block: bytes, groups: list[pacsv.ConvertOptions], ragged: RaggedRows
    ) -> dict[str, pa.Array]:
        columns: dict[str, pa.Array] = {}
        for options in groups:
            ragged.numbers.clear()
            parse = parse_options(self._dialect, columns=len(self._names), ragged=ragged)
            table = pacsv.read_csv(pa.BufferReader(block), self._read_options, parse, options)
            for name, column in zip(table.column_names, table.columns, strict=True):
                columns[name] = (
                    column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
                )
        return columns

    def _is_doubtful(self, block: bytes, columns: dict[str, pa.Array]) -> bool:
        for name in self._exact:
            if pa.types.is_floating(self._kinds[name].type):
                least, most = pc.min_max(columns[name]).values()
                if most.is_valid and (
                    most.as_py() >= _DOUBLES_EXACT_BELOW or least.as_py() <= -_DOUBLES_EXACT_BELOW
                ):
                    return True
        return bool(self._exact) and self._zeros.find(block)

    def _parsed(
        self,
        arrays: list[pa.Array],
        columns: dict[str, pa.Array],
        ragged: RaggedRows,
        nulled: int = 0,
    ) -> Parsed:
        rows = len(next(iter(columns.values())))
        if arrays:
            batch = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        else:
            batch = pa.RecordBatch.from_pydict({"": pa.nulls(rows)}).select([])
            batch = batch.replace_schema_metadata(self.schema.metadata)
        skipped = len(ragged.numbers)
        return Parsed(batch, rows + skipped, skipped, nulled)

    def _ragged_problem(self, ragged: RaggedRows) -> Problem:
        if not ragged.numbers:
            return Problem(1, "cannot be parsed")
        expected = len(self._names)
        reason = (
            f"{ragged.fields} fields instead of {expected}:"
            ' check the delimiter, or set on_bad_row = "skip"'
        )
        return Problem(ragged.numbers[0], reason, value=shorten(ragged.text))


class _ZeroFinder:
    """Finds blocks in which some field may begin like ``007``, ``-007`` or ``0x7``."""

    def __init__(self, dialect: Dialect) -> None:
        self._starts = [ord(mark) for mark in (dialect.delimiter, "\n", "\r", *dialect.quote)]
        self._start = np.zeros(256, np.bool_)
        self._start[[*self._starts, *b" \t"]] = True
        self._next = np.zeros(256, np.bool_)
        self._next[list(b"0123456789xX")] = True

    def find(self, block: bytes) -> bool:
        text = np.frombuffer(b"\n\n" + block + b"\n", np.uint8)
        before, zero = text[1:-2], text[2:-1] == ord("0")
        direct = before == self._starts[0]
        for mark in self._starts[1:]:
            direct |= before == mark
        direct &= zero
        at = np.flatnonzero(direct)
        if self._next[text[at + 3]].any():
            return True
        # After a sign or a blank, if that begins a field: dates have more of them.
        at = np.flatnonzero(((before == ord("-")) | (before == 32) | (before == 9)) & zero)
        return bool((self._start[text[at]] & self._next[text[at + 3]]).any())


def _groups(layout: Layout, kinds: dict[str, Kind], *, raw: bool) -> list[pacsv.ConvertOptions]:
    # In a text column only an empty field is null, whatever else is null in others.
    # Where that makes a difference the block is read twice.
    dialect = layout.dialect
    text_nulls = ("", *(text for text in dialect.null_values or () if text))
    same = not layout.quoted_nulls and set(text_nulls) == set(layout.null_values)
    chosen = kinds or {layout.schema.names[0]: layout.kinds[0]}
    groups = []
    for is_text in (True, False):
        names = [name for name, kind in chosen.items() if same or kind.is_text == is_text]
        if not names or (same and not is_text):
            continue
        groups.append(
            pacsv.ConvertOptions(
                check_utf8=not raw,
                column_types={
                    name: pa.binary() if raw or not kinds else chosen[name].read_as
                    for name in names
                },
                include_columns=names,
                null_values=text_nulls if is_text else layout.null_values,
                strings_can_be_null=True,
                quoted_strings_can_be_null=not is_text and layout.quoted_nulls,
                true_values=dialect.true_values,
                false_values=dialect.false_values,
                decimal_point=dialect.decimal_point,
            )
        )
    return groups


def _decode(raw: pa.BinaryArray) -> tuple[pa.StringArray, tuple[int, str] | None]:
    try:
        return raw.cast(pa.string()), None
    except pa.ArrowInvalid:
        for index, value in enumerate(raw):
            try:
                (value.as_py() or b"").decode()
            except UnicodeDecodeError:
                return raw, (
                    index,
                    shorten(value.as_py().decode("utf-8", "backslashreplace")),
                )
        raise


def _toml_key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def shorten(text: str) -> str:
    """Return at most 100 characters of a value."""
    return text if len(text) <= 100 else text[:99] + "…"
