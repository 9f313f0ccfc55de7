"""Tables held against each other, with a difference that a person can act on."""

import pyarrow as pa

from flightstream.filters import Filter
from flightstream.wire import Command


def difference(found: pa.Table, expected: pa.Table) -> str:
    """Return where two tables first differ, or ``""``; NaN equals NaN."""
    if not found.schema.equals(expected.schema):
        return f"the schema is {brief(found.schema)}, expected {brief(expected.schema)}"
    if found.num_rows != expected.num_rows:
        return f"there are {found.num_rows} rows, expected {expected.num_rows}"
    for name in expected.schema.names:
        left, right = found[name], expected[name]
        if not left.equals(right):
            for row, (one, other) in enumerate(zip(left, right, strict=True)):
                # Arrow says that NaN is not NaN, and a text of it does not.
                if not one.equals(other) and str(one) != str(other):
                    return f"row {row}, column {name!r} is {one}, expected {other}"
    return ""


def brief(schema: pa.Schema) -> str:
    """Return a schema in one line."""
    columns = (f"{c.name}: {c.type}{'' if c.nullable else ' not null'}" for c in schema)
    return "{" + ", ".join(columns) + "}"


def plainly(table: pa.Table, command: Command) -> pa.Table:
    """Do what a command says to a whole table, step by step."""
    if command.filter is not None and table.num_rows:
        batch = table.combine_chunks().to_batches()[0]
        mask = Filter.bind(command.filter, table.schema).mask(batch)
        table = _filtered(table, mask)
    table = table.slice(command.offset, command.limit)
    return table if command.columns is None else table.select(command.columns)


def _filtered(table: pa.Table, mask: pa.BooleanArray) -> pa.Table:
    try:
        return table.filter(mask)  # drops what is null
    except pa.ArrowNotImplementedError:  # views and run-end encoding have no kernel
        kept = [row for row, keep in enumerate(mask.to_pylist()) if keep]
        return pa.concat_tables([table.slice(0, 0), *(table.slice(row, 1) for row in kept)])
