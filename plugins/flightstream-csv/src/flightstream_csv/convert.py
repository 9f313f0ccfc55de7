"""Texts to values by Arrow's own CSV converters, so that all ways agree."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from flightstream_csv.dialect import Dialect

_READ = pacsv.ReadOptions(column_names=["value"], use_threads=False, block_size=2**30)
_PARSE = pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
_WRITE = pacsv.WriteOptions(include_header=False, quoting_style="all_valid")


def convert(values: pa.StringArray, type: pa.DataType, dialect: Dialect) -> pa.Array:
    """Convert each text as a field of a file; null stays null.

    Raises:
        pa.ArrowInvalid: One is not a value of the type.
    """
    if not len(values):
        return pa.nulls(0, type)
    sink = pa.BufferOutputStream()
    pacsv.write_csv(pa.table({"value": values}), sink, _WRITE)
    options = pacsv.ConvertOptions(
        column_types={"value": type},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=list(dialect.true_values),
        false_values=list(dialect.false_values),
        decimal_point=dialect.decimal_point,
    )
    table = pacsv.read_csv(pa.BufferReader(sink.getvalue()), _READ, _PARSE, options)
    return table.column(0).combine_chunks()


def castable(
    values: pa.StringArray, type: pa.DataType, dialect: Dialect | None = None
) -> pa.BooleanArray:
    """Tell which texts can be converted; null where the text is.

    Meant for texts that mostly can: those that cannot are found by halving.

    Args:
        values: The texts.
        type: What to make of them.
        dialect: To convert as the CSV reader does; without, by a cast.
    """
    good = np.ones(len(values), np.bool_)

    def search(start: int, length: int) -> None:
        part = values.slice(start, length)
        try:
            if dialect is None:
                part.cast(type)
            else:
                convert(part, type, dialect)
        except pa.ArrowInvalid:
            if length == 1:
                good[start] = False
            else:
                search(start, length // 2)
                search(start + length // 2, length - length // 2)

    if len(values):
        search(0, len(values))
    return pa.array(good, mask=values.is_null().to_numpy(zero_copy_only=False))


def each(
    values: pa.StringArray,
    where: pa.BooleanArray,
    test: Callable[[str], bool],
    otherwise: pa.BooleanArray,
) -> pa.BooleanArray:
    """Return ``otherwise``, with a test of its own for each text that is marked."""
    results = otherwise.to_numpy(zero_copy_only=False).copy()
    for index in np.flatnonzero(where.to_numpy(zero_copy_only=False)):
        results[index] = test(values[index].as_py())
    return pa.array(results)
