"""A block of records to a batch, exactly as the layout says or with the reason why not."""

import json
from collections.abc import Sequence
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from attrs import frozen

from flightstream_csv.kinds import TEXT, Kind
from flightstream_csv.layout import Layout
from flightstream_csv.locate import locate, undecodable
from flightstream_csv.records import RaggedRows, parse_options, read_options, reader
from flightstream_csv.zeros import ZeroFinder

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
        batch: Its rows.
        records: How many it had, skipped ones too.
        skipped: Records left out for their number of fields.
        nulled: Values made null because they do not fit.
    """

    batch: pa.RecordBatch
    records: int
    skipped: int
    nulled: int


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
        groups = _groups(layout, self._kinds or {self._names[0]: TEXT})
        self._as_served = [self._options(layout, names) for names in groups]
        self._as_texts = [self._options(layout, names, pa.string()) for names in groups]
        exact = [name for name, kind in self._kinds.items() if kind.exact]
        self._exact = [self._options(layout, exact, pa.string())] if exact else []
        self._zeros = ZeroFinder(self._dialect)

    def parse(self, block: bytes) -> Parsed | Problem:
        """Parse whole records; the problem is the first one, by row."""
        if (wrong := undecodable(block)) is not None:
            return self._undecodable_problem(block, *wrong)
        ragged = RaggedRows(self._skip_rows)
        try:
            columns = self._read(block, self._as_served, ragged)
        except pa.ArrowInvalid:
            if ragged.numbers and not self._skip_rows:
                return self._ragged_problem(ragged)
            return self._parse_carefully(block)
        if not self._is_exact(block, columns):
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

    def _parse_carefully(self, block: bytes) -> Parsed | Problem:
        # Slower: every column as text first, then value by value what fits.
        ragged = RaggedRows(self._skip_rows)
        try:
            columns = self._read(block, self._as_texts, ragged)
        except pa.ArrowInvalid:
            return self._ragged_problem(ragged)
        problems: list[Problem] = []
        arrays: list[pa.Array] = []
        nulled = 0
        for name, kind in self._kinds.items():
            texts = columns[name]
            if kind.is_text:
                arrays.append(texts.cast(kind.type))
                continue
            bad = pc.invert(kind.valid(texts)).fill_null(False)
            if bad.true_count and not self._null_values:
                index = bad.index(True).as_py()
                value = texts[index].as_py()
                reason = (
                    f"{shorten(value)!r} is no {kind.type}: set column_types"
                    f' = {{ {shorten(_toml_key(name))} = "string" }} or on_bad_value = "null"'
                )
                problems.append(Problem(ragged.number_of(index), reason, name, shorten(value)))
                continue
            if bad.true_count:
                nulled += bad.true_count
                texts = pc.if_else(bad, None, texts)
            arrays.append(kind.convert(texts, self._dialect))
        if problems:
            return min(problems, key=lambda problem: problem.row)
        return self._parsed(arrays, columns, ragged, nulled)

    def _read(
        self, block: bytes, groups: list[pacsv.ConvertOptions], ragged: RaggedRows
    ) -> dict[str, pa.Array]:
        columns: dict[str, pa.Array] = {}
        for options in groups:
            ragged.numbers.clear()
            parse = parse_options(self._dialect, columns=len(self._names), ragged=ragged)
            table = pacsv.read_csv(reader(block), self._read_options, parse, options)
            for name, column in zip(table.column_names, table.columns, strict=True):
                columns[name] = (
                    column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
                )
        return columns

    def _is_exact(self, block: bytes, columns: dict[str, pa.Array]) -> bool:
        # Arrow has taken every text for a number: was each of them one?
        if not self._exact:
            return True
        large = any(map(_is_large, columns.values()))
        if not large and self._zeros_are_text(block, columns):
            return True
        texts = self._read(block, self._exact, RaggedRows(skip=True))
        return not any(
            self._kinds[name].valid(self._zeros.suspects(values, large=large)).false_count
            for name, values in texts.items()
        )

    def _zeros_are_text(self, block: bytes, columns: dict[str, pa.Array]) -> bool:
        # Post codes in columns of text are the usual reason for leading zeros.
        found = self._zeros.count(block)
        if not found or self._dialect.escape:  # an escaped 007 would be counted only once
            return not found
        texts = (values for values in columns.values() if values.type == pa.string())
        return found == sum(map(self._zeros.count_values, texts))

    def _options(
        self, layout: Layout, names: list[str], read_as: pa.DataType | None = None
    ) -> pacsv.ConvertOptions:
        # Groups are all text, or have none, or make no difference.
        kinds = [self._kinds.get(name, TEXT) for name in names]
        is_text = any(kind.is_text for kind in kinds)
        return pacsv.ConvertOptions(
            check_utf8=False,  # the whole block has been
            column_types={
                name: read_as or kind.read_as for name, kind in zip(names, kinds, strict=True)
            },
            include_columns=names,
            null_values=layout.text_nulls if is_text else layout.null_values,
            strings_can_be_null=True,
            quoted_strings_can_be_null=not is_text and layout.quoted_nulls,
            true_values=self._dialect.true_values,
            false_values=self._dialect.false_values,
            decimal_point=self._dialect.decimal_point,
        )

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

    def _undecodable_problem(self, block: bytes, start: int, wrong: bytes) -> Problem:
        row, column = locate(block[:start], self._names, self._dialect)
        reason = "bytes that are not utf-8: set the option 'encoding'"
        return Problem(row, reason, column, wrong.decode("ascii", "backslashreplace"))

    def _ragged_problem(self, ragged: RaggedRows) -> Problem:
        if not ragged.numbers:
            return Problem(1, "cannot be parsed")
        expected = len(self._names)
        reason = (
            f"a record of {ragged.fields} instead of {expected} fields:"
            ' check the delimiter, or set on_bad_row = "skip"'
        )
        return Problem(ragged.numbers[0], reason, value=shorten(ragged.text))


def _groups(layout: Layout, kinds: dict[str, Kind]) -> list[list[str]]:
    # In a text column only an empty field is null, whatever else is null in others.
    # Where that makes a difference the block is read twice.
    texts = [name for name, kind in kinds.items() if kind.is_text]
    others = [name for name in kinds if not kinds[name].is_text]
    if layout.has_own_nulls:
        return [names for names in (texts, others) if names]
    return [list(kinds)]


def _is_large(column: pa.Array) -> bool:
    # Beyond it, an integer may have been rounded.
    if not pa.types.is_floating(column.type):
        return False
    return any(
        bound.is_valid and not abs(bound.as_py()) < _DOUBLES_EXACT_BELOW
        for bound in pc.min_max(column).values()
    )


def _toml_key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else json.dumps(name)


def shorten(text: str) -> str:
    """Return at most 100 characters of a value."""
    return text if len(text) <= 100 else text[:99] + "…"
