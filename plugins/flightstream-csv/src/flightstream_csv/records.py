"""Records as strings: how Arrow's CSV reader is told what a dialect means."""

import codecs
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.csv as pacsv
from attrs import define, field

from flightstream_csv.dialect import Dialect

_WHOLE = 2**30  # a block is parsed in one piece


@define(eq=False)
class RaggedRows:
    """Collects the records that have too many or too few fields.

    Args:
        skip: Whether to go on after one.
    """

    skip: bool
    numbers: list[int] = field(factory=list)
    fields: int = 0
    text: str = ""

    def __call__(self, row: pacsv.InvalidRow) -> str:
        """Note a record, and tell the reader what to do."""
        if not self.numbers:
            self.fields, self.text = row.actual_columns, row.text or ""
        self.numbers.append(row.number)
        return "skip" if self.skip else "error"

    def number_of(self, index: int) -> int:
        """Return the number, from 1, of the record that became row ``index``."""
        number = index + 1
        for skipped in self.numbers:
            if skipped > number:
                break
            number += 1
        return number


def reader(records: bytes) -> pa.BufferReader:
    """Return records as the CSV reader takes them.

    It leaves out a byte order mark at the start of each block, but within a
    file that is a character like any other.
    """
    if records.startswith(codecs.BOM_UTF8):
        records = codecs.BOM_UTF8 + records
    return pa.BufferReader(records)


def read_options(names: Sequence[str]) -> pacsv.ReadOptions:
    """Return options for a block of records without a header."""
    return pacsv.ReadOptions(column_names=list(names), use_threads=False, block_size=_WHOLE)


def parse_options(
    dialect: Dialect,
    *,
    columns: int,
    ragged: Callable[[pacsv.InvalidRow], str] | None = None,
) -> pacsv.ParseOptions:
    """Return options that split a block as the :class:`Cutter` does.

    A blank line is a null where there is one column, and nothing otherwise.
    """
    return pacsv.ParseOptions(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote or False,
        double_quote=True,
        escape_char=dialect.escape or False,
        newlines_in_values=False,
        ignore_empty_lines=columns > 1,
        invalid_row_handler=ragged,
    )


def split(record: bytes, dialect: Dialect) -> list[str]:
    """Return the fields of one record; none if it cannot be parsed.

    Raises:
        UnicodeDecodeError: It is not UTF-8.
    """
    record.decode()
    record += b"" if record.endswith((b"\n", b"\r")) else b"\n"
    most = record.count(dialect.delimiter.encode()) + 1
    names = [f"f{position}" for position in range(most)]
    read = pacsv.ReadOptions(autogenerate_column_names=True, use_threads=False, block_size=_WHOLE)
    convert = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    parse = parse_options(dialect, columns=1)
    try:
        table = pacsv.read_csv(reader(record), read, parse, convert)
    except pa.ArrowInvalid:  # an escape at its very end
        return []
    return [column[0].as_py() for column in table.columns]


def read_texts(
    records: bytes, names: Sequence[str], dialect: Dialect, ragged: RaggedRows
) -> pa.Table:
    """Return records with every column a string, and an empty field null.

    A quoted empty field is an empty string.
    """
    if not records:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pacsv.read_csv(
        reader(records),
        read_options(names),
        parse_options(dialect, columns=len(names), ragged=ragged),
        pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=["", *(dialect.null_values or ())],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
